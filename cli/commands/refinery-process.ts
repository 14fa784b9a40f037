import { command } from '../command.ts'

export default command({
  summary: 'have the Refinery process its queue now, what was set aside included',
  usage: '<rig>',
  examples: ['gt refinery process wyvern'],
  args: [1, 1],
  async run({ args, ask, print }) {
    const done = await ask('refineryProcess', { rig: String(args[0]) })
    print(done, () => [done.text])
    return 0
  },
})
