package drop

// CodeProof is of a drop only; the other codes are those of places.
const CodeProof = "files.proof" // the file that proves the right folder is not there; mount the share
