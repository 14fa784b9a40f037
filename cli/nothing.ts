// Stands for a library in a bundle that never calls it (rolldown.config.ts).
// Never: called.
export default {}
