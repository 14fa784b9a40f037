// Tries: what may cost a worker a start, as the world saw it. A limit, a refused key, a new conversation, the end of
// the daemon and that of what holds the sessions are none of it.
// Never: asks a machine what it counted.

interface Worker {
  polecat: string
  incarnation: number
}
const keyOf = ({ polecat, incarnation }: Worker) => `${polecat} (${incarnation})`

/** As often the end of what holds a session is an accident. */
const accidentsMax = 5
/** As many failed turns are one end. */
const failuresMax = 6

export class Tries {
  /** By worker, how often something befell it that may cost it a start. */
  private readonly causes: Map<string, number>
  private readonly accidents: Map<string, number>
  private readonly failures: Map<string, number>

  constructor(from?: Tries) {
    this.causes = new Map(from?.causes)
    this.accidents = new Map(from?.accidents)
    this.failures = new Map(from?.failures)
  }

  /** It crashed, fell silent, went without a word, or a step of its start failed. */
  befell(worker: Worker): void {
    this.causes.set(keyOf(worker), this.of(worker) + 1)
  }

  /** What holds the sessions ended, and its own with it. */
  wasCutOff(worker: Worker): void {
    if (counted(this.accidents, worker) > accidentsMax) this.befell(worker)
  }

  /** Its service failed it for a turn. Whether it is given up now. */
  wasFailed(worker: Worker): boolean {
    const isEnough = counted(this.failures, worker) % failuresMax === 0
    if (isEnough) this.befell(worker)
    return isEnough
  }

  of(worker: Worker): number {
    return this.causes.get(keyOf(worker)) ?? 0
  }
}

function counted(all: Map<string, number>, worker: Worker): number {
  const count = (all.get(keyOf(worker)) ?? 0) + 1
  all.set(keyOf(worker), count)
  return count
}
