// `bd mol`: what other versions have and this one needs not.
// Never: does anything.
import { unneeded } from '../bd-unneeded.ts'

export default unneeded('mol', 'there are no molecules here: an epic with its parts does the same', 'pour <name>')
