// `bd formula`: what other versions have and this one needs not.
// Never: does anything.
import { unneeded } from '../bd-unneeded.ts'

export default unneeded('formula', 'there are no formulas here', 'list')
