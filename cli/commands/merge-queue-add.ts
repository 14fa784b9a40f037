import { command } from '../command.ts'

export default command({
  summary: 'hand a polecat’s committed work to the Refinery',
  usage: '<rig> <polecat>',
  examples: ['gt merge-queue add wyvern Nux'],
  args: [2, 2],
  async run({ args, ask, print }) {
    const done = await ask('queueAdd', { rig: String(args[0]), polecat: String(args[1]) })
    print(done, () => [done.text])
    return 0
  },
})
