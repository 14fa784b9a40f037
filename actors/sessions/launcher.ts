// What runs inside a session before the agent does: it takes its environment from a file, says that it started, runs
// the agent, and says how that ended.
// Never: shows a secret among its arguments; begins twice, or after it was called off.
import { writePassing } from '../files.ts'
import { personsUmask } from '../umask.ts'

/**
 * It does not know whose terminal it is in: a bare `tmux` of an agent talks to a server of its own.
 * Fixed text; folder and program come as arguments. Its own variables have names that no environment takes from it. A
 * second one of the same session loses the race for the mark, and goes.
 */
const launcher = `_gt_dir=$1; _gt_place=$2; _gt_umask=$3; shift 3
umask 077
[ -e "$_gt_dir/cancelled" ] && exit 143
[ -r "$_gt_dir/environment" ] || exit 143
. "$_gt_dir/environment"
unset TMUX TMUX_PANE
set -C
{ echo "$$" > "$_gt_dir/started"; } 2> /dev/null || exit 143
set +C
rm -f "$_gt_dir/environment" 2> /dev/null
[ -e "$_gt_dir/cancelled" ] && exit 143
if cd -- "$_gt_place"; then (umask "$_gt_umask"; exec "$@"); else (exit 126); fi
_gt_code=$?
echo "$_gt_code" > "$_gt_dir/exit"
exit $_gt_code`

export const launchArgs = (spec: { dir: string; cwd: string; argv: readonly string[] }) => [
  '/bin/sh',
  '-c',
  launcher,
  'gt-session',
  spec.dir,
  spec.cwd,
  personsUmask() ?? '0022',
  ...spec.argv,
]

/** Writes the environment for the launcher, which removes it; values may hold anything. */
export function writeEnvironment(path: string, env: Readonly<Record<string, string>>): void {
  const lines = Object.entries(env)
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    // `command`: a name that this shell keeps for itself (UID) is passed over, and does not end it.
    .map(([name, value]) => `command export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
  writePassing(path, lines.join(''), 0o600)
}
