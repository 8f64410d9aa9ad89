package workbench

// CodeFailed is of a text that check could not get through.
const CodeFailed = "mapping.unchecked" // an editor's question about this file ended in a fault of Inbasket itself; save your work, run inbasket check, and tell the maintainers
