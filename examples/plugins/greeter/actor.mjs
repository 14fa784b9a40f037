// A plugin with a machine of its own: put this folder into a rig's plugins/ and it is `<rig>/plugins/greeter`. It
// counts who wrote, and answers.
export default ({ xstate: { setup, assign }, words }) =>
  setup({ actions: words }).createMachine({
    id: 'greeter',
    context: ({ input }) => ({ rig: input.rig, seen: 0 }),
    initial: 'listening',
    states: {
      listening: {
        description: 'Every message is counted and answered.',
        on: {
          'message.sent': {
            actions: [
              assign({ seen: ({ context }) => context.seen + 1 }),
              { type: 'note', params: ({ context, event }) => ({ text: `greets ${event.from} (${context.seen})` }) },
              {
                type: 'mail',
                params: ({ context, event }) => ({
                  to: event.from,
                  type: 'message.sent',
                  body: {
                    subject: `Re: ${event.subject}`,
                    body: `Hello from ${context.rig}; you are number ${context.seen}.`,
                    replyTo: event.mailId,
                  },
                }),
              },
            ],
          },
        },
      },
    },
  })
