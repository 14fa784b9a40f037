// `bd setup`: what other versions have and this one needs not.
// Never: does anything.
import { unneeded } from '../bd-unneeded.ts'

export default unneeded(
  'setup',
  'nothing to set up: a session is told by gt prime, anybody else by bd prime',
  '[claude|codex|cursor]',
)
