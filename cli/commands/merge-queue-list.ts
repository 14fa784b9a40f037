import { command, table } from '../command.ts'

export default command({
  summary: 'what waits to land',
  usage: '<rig>',
  examples: ['gt merge-queue list wyvern'],
  args: [1, 1],
  async run({ args, ask, print }) {
    const queue = await ask('queueList', { rig: String(args[0]) })
    print(queue, () =>
      queue.length === 0
        ? ['the queue is empty']
        : table(
            queue.map((entry) => [
              String(entry.position),
              entry.issue,
              entry.state,
              entry.polecat,
              entry.sha.slice(0, 10),
              entry.title,
            ]),
          ),
    )
    return 0
  },
})
