package secret

// Codes of errors about secrets that are kept sealed.
const (
	CodeSystem  = "secret.system"  // only Windows seals secrets by DPAPI; elsewhere use ${credential:NAME}, ${age:NAME} or ${file:PATH}
	CodeSeal    = "secret.seal"    // Windows could not seal the secret; look at the text of the error, and whether the service CryptSvc runs
	CodeOpen    = "secret.open"    // the sealed secret cannot be opened: it was sealed on another machine or its file is damaged; set it again by: inbasket secret set NAME
	CodeName    = "secret.name"    // a secret cannot have this name; use letters A to Z, digits, dot, dash and underscore
	CodeMissing = "secret.missing" // there is no secret of this name; set it by: inbasket secret set NAME
	CodeFile    = "secret.file"    // a file with secrets cannot be read or written; look at its path and at the rights of its folder
	CodeKey     = "secret.key"     // the key of the age file is none; make one by inbasket secret keygen FILE
	CodeValue   = "secret.value"   // what was given cannot be a secret: it is empty, too large or no text; give it again
	CodeAge     = "secret.age"     // the age file cannot be opened: the key is another one, or the file is damaged or no list of names and texts; name the right key
)
