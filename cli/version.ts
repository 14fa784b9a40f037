// The version, from package.json.
// Never: in a second place.
import manifest from '../package.json' with { type: 'json' }

export const version: string = manifest.version
