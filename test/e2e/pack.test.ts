// What `npm pack` gives, installed elsewhere: `gt` and `bd` that work, with nothing but Node and git beside them.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { cleanEnv } from '../fixture/real-town.ts'

test('the tarball, installed in another place, runs a town', () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'pack-')))
  const place = join(dir, 'elsewhere')
  const town = join(dir, 'gt')
  const env: Record<string, string> = {
    ...cleanEnv(),
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    npm_config_cache: join(dir, 'cache'),
  }
  const run = (program: string, args: string[], cwd: string) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  try {
    mkdirSync(place)
    // Packed as it is built now: other tests use the same bundles at this moment.
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', dir], {
      cwd: join(import.meta.dirname, '../..'),
      env,
    })
    const tarball = readdirSync(dir).find((file) => file.endsWith('.tgz')) as string
    expect(
      run(
        'npm',
        ['install', '--silent', '--no-audit', '--no-fund', '--offline', '--prefix', place, join(dir, tarball)],
        place,
      ),
    ).toMatchObject({ status: 0 })
    expect(readdirSync(join(place, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['gastown'])
    expect(readdirSync(join(place, 'node_modules/gastown')).sort()).toEqual([
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ])
    const gt = join(place, 'node_modules/.bin/gt')
    const bd = join(place, 'node_modules/.bin/bd')
    expect(run(gt, ['version'], dir)).toMatchObject({ status: 0 })
    // The kit for plugin authors, as the example uses it.
    cpSync(join(import.meta.dirname, '../../examples/plugins/greeter'), join(place, 'greeter'), { recursive: true })
    expect(run(process.execPath, ['--test'], join(place, 'greeter'))).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('pass 2'),
    })
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(dir, 'origin.git')])
    expect(run(gt, ['install', town], dir)).toMatchObject({ status: 0 })
    expect(run(gt, ['rig', 'add', 'wyvern', join(dir, 'origin.git'), '--no-gate'], town)).toMatchObject({ status: 0 })
    expect(run(bd, ['create', 'First'], join(town, 'wyvern'))).toMatchObject({ status: 0 })
    expect(run(gt, ['up'], town)).toMatchObject({ status: 0 })
    expect(run(gt, ['status'], town).stdout).toContain('wyvern')
  } finally {
    if (existsSync(join(town, 'daemon/gt.sock'))) run(join(place, 'node_modules/.bin/gt'), ['down'], town)
    rmSync(dir, { recursive: true, force: true })
  }
})
