// What the demo's epic asks for: the functions of the kit, each with its test and its line of documentation. titleCase is
// wrong at the first try.
// Never: writes a file.
interface Asked {
  right: string
  wrong?: string
  example: string
  text: string
}

export const functions: Readonly<Record<string, Asked>> = {
  titleCase: {
    right: `import { capitalize } from './capitalize.js'\n\n/** Every word with its first letter in upper case. */\nexport function titleCase(text) {\n  return text.split(' ').map(capitalize).join(' ')\n}\n`,
    wrong: `/** Every word with its first letter in upper case. */\nexport function titleCase(text) {\n  return text.toUpperCase()\n}\n`,
    example: `assert.equal(titleCase('fury road'), 'Fury Road')`,
    text: '`titleCase(text)`: every word capitalized.',
  },
  truncate: {
    right: `/** The text cut to at most \`length\` characters, the last an ellipsis. */\nexport function truncate(text, length) {\n  return text.length <= length ? text : \`\${text.slice(0, length - 1)}…\`\n}\n`,
    example: `assert.equal(truncate('immortan', 5), 'immo…')`,
    text: '`truncate(text, length)`: cut, with an ellipsis.',
  },
  words: {
    right: `/** The text's words. */\nexport function words(text) {\n  return text.match(/[\\p{L}\\p{N}]+/gu) ?? []\n}\n`,
    example: `assert.deepEqual(words('witness me!'), ['witness', 'me'])`,
    text: '`words(text)`: the words, as a list.',
  },
  slugify: {
    right: `import { words } from './words.js'\n\n/** The text as a piece of a URL. */\nexport function slugify(text) {\n  return words(text).join('-').toLowerCase()\n}\n`,
    example: `assert.equal(slugify('Bullet Farm!'), 'bullet-farm')`,
    text: '`slugify(text)`: a piece of a URL.',
  },
  countWords: {
    right: `import { words } from './words.js'\n\n/** How many words the text has. */\nexport function countWords(text) {\n  return words(text).length\n}\n`,
    example: `assert.equal(countWords('oh what a day'), 4)`,
    text: '`countWords(text)`: how many words.',
  },
  headline: {
    right: `import { titleCase } from './titleCase.js'\nimport { truncate } from './truncate.js'\n\n/** A title-cased text of at most \`length\` characters. */\nexport function headline(text, length = 60) {\n  return truncate(titleCase(text), length)\n}\n`,
    example: `assert.equal(headline('gas town burns', 9), 'Gas Town…')`,
    text: '`headline(text, length)`: title case, cut.',
  },
}

const testOf = (name: string, example: string) =>
  `import assert from 'node:assert/strict'\nimport { test } from 'node:test'\nimport { ${name} } from '../src/${name}.js'\n\ntest('${name}', () => {\n  ${example}\n})\n`

/** Paths and texts: the function, its test, its documentation. `attempt` is 1 for the first try. */
export function filesOf(name: string, attempt: number): [path: string, text: string][] {
  const { right, wrong = right, example, text } = functions[name] as Asked
  return [
    [`src/${name}.js`, attempt === 1 ? wrong : right],
    [`test/${name}.test.js`, testOf(name, example)],
    [`docs/${name}.md`, `${text}\n`],
  ]
}
