// `bd daemon`: what other versions have and this one needs not.
// Never: does anything.
import { unneeded } from '../bd-unneeded.ts'

export default unneeded('daemon', 'there is no daemon, and none is needed', '[start|stop|status]')
