import { command } from '../command.ts'

export default command({
  summary: 'stop one polecat’s session; its work is kept',
  usage: '<rig>/<polecat>',
  examples: ['gt session stop wyvern/Nux'],
  args: [1, 1],
  async run({ args, ask, print }) {
    const done = await ask('sessionStop', { address: String(args[0]) })
    print(done, () => [done.text])
    return 0
  },
})
