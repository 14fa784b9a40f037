// Plays one fault, named by its words and its time, and prints how it ended as JSON.
import process from 'node:process'
import { fileFaults, otherFaults } from './faults.ts'
import { endure } from './ordeal.ts'

const [name = '', when = ''] = process.argv.slice(2)
const kind = name.replace(/ (removed|cut to nothing)$/, '')
const fault = [...otherFaults, ...fileFaults([kind])].find((each) => each.name === name && each.when === when)
if (!fault) throw new Error(`there is no fault “${name}” while ${when}`)
console.log(JSON.stringify(await endure(fault)))
