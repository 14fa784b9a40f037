// An address as people may see it.
// Never: shows a password or a token that is part of one.

/**
 * A text with the credentials of every address in it left out: all of what stands before the `@` of an https address,
 * for that may be a token, and the password of any other.
 */
export const shown = (text: string): string =>
  text
    .replaceAll(/\b(https?:\/\/)[^/\s'"]+@/gi, '$1***@')
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/[^/\s'":@]*):[^/\s'"]*@/gi, '$1:***@')
