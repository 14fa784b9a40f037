// `bd hooks`: what other versions have and this one needs not.
// Never: does anything.
import { unneeded } from '../bd-unneeded.ts'

export default unneeded('hooks', 'git hooks: none are needed, the database is all there is', '[install|uninstall|list]')
