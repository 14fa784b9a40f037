// Overseer: where mail for the human ends. Every mail here is kept as a bead; the machine has nothing to add. (spec:
// Overseer)
// Life: reading, always.
// Never: decides in the human's place.
import { setup } from 'xstate'

export const overseerMachine = setup({
  types: { context: {} as Record<string, never>, input: {} as Record<string, never> },
}).createMachine({
  id: 'overseer',
  context: {},
  initial: 'reading',
  states: { reading: { description: 'Mail waits in the inbox until it is read.' } },
})

export const overseerUnderstands = [] as const
export const overseerIgnores = ['message.sent', 'escalation.raised', 'epic.completed'] as const
