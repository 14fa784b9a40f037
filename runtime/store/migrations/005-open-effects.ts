// Effects that are over are rows no more: their promise and their result are in the journal and in mail.
export default `
DELETE FROM effect WHERE state NOT IN ('pending', 'started');
`
