// What every room of a store is handed: its database, and the issues themselves.
// Never: more than several rooms need.
import type { Issue } from './contract.ts'
import type { Rows } from './rows.ts'

export interface Room extends Rows {
  get(id: string): Issue | undefined
  /** The issue; throws a BeadsError when there is none, or it is mail, which stays as it was sent. */
  mustBeWork(id: string): Issue
}
