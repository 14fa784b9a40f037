// Names for polecats, taken in this order; a name is free again when its polecat is retired.
// Never: runs out. After the list come Nux-2, Toast-2, ….
const names = [
  'Nux',
  'Toast',
  'Slit',
  'Capable',
  'Dag',
  'Cheedo',
  'Furiosa',
  'Angharad',
  'Valkyrie',
  'Morsov',
  'Ace',
  'Rictus',
  'Scrotus',
  'Corpus',
  'Keeper',
  'Maadi',
  'Goose',
  'Fifi',
  'Blaster',
  'Savannah',
  'Jedediah',
  'Pappagallo',
  'Wez',
  'Humungus',
  'Toecutter',
  'Bubba',
  'Mudguts',
  'Cundalini',
  'Clunk',
  'Sprog',
  'Aunty',
  'Ironbar',
]

/** The first name that is not taken. */
export function freeName(taken: readonly string[]): string {
  for (let round = 1; ; round++) {
    for (const name of names) {
      const candidate = round === 1 ? name : `${name}-${round}`
      if (!taken.includes(candidate)) return candidate
    }
  }
}

/** Whether a polecat may come to be called so. */
export const mayBeNamed = (name: string): boolean => names.includes(name.replace(/-([2-9]|[1-9]\d+)$/, ''))
