package secret

// Codes of errors about secrets that the operating system keeps sealed.
const (
	CodeSystem = "secret.system" // only Windows seals secrets by DPAPI; elsewhere use ${credential:NAME}, ${age:NAME} or ${file:PATH}
	CodeSeal   = "secret.seal"   // Windows could not seal the secret; look at the text of the error, and whether the service CryptSvc runs
	CodeOpen   = "secret.open"   // the sealed secret cannot be opened: it was sealed on another machine or its file is damaged; set it again by: inbasket secret set NAME
)
