package config

// Codes of problems in the agent's configuration file.
const (
	CodeRead         = "config.read"               // the configuration file cannot be read; mend its path or its rights
	CodeConnector    = "config.connector"          // an entry must have exactly one key that names a connector type; add it, or remove the second
	CodeInvalid      = "config.invalid"            // the connector refuses a value; change it as the message says
	CodeName         = "config.name"               // a name is used twice or has characters that are not allowed; choose another
	CodeUnknownName  = "config.unknown-name"       // a name refers to something that this file does not configure; correct it or add the entry
	CodeRoute        = "config.route"              // a route can never get a form, or hides another one; mend from and match
	CodeAddress      = "config.address"            // a listening address is not host:port, is used twice or is open without TLS; change it
	CodePart         = "config.part"               // a file in conf.d is not read because of its name; end it in .yaml, or move it away
	CodeSecret       = "config.secret"             // a secret is written out, or its reference cannot be read; use ${credential:…}, ${file:…}, ${age:…}, ${dpapi:…} or ${env:…}
	CodeSecretInside = "config.secret-inside"      // a password seems to stand within a longer text, such as a connection string; give it by a key of its own, as a reference
	CodeVault        = "config.secrets"            // there is no place for sealed secrets; make a key and configure secrets.age
	CodeSecretMode   = "config.secret-rights"      // a file with a secret can be read or changed by others, or belongs to somebody else; the message says what to do
	CodeReference    = "config.reference"          // a reference such as ${env:…} stands where no secret belongs; write the value itself
	CodeToken        = "config.token"              // not the SHA-256 of a token; make one by: inbasket token new OFFICE
	CodeTime         = "config.time"               // not a time of day or time zone; write 18:00 and Europe/Berlin
	CodeTemplate     = "config.template"           // a file name template that gives no safe or no unique name; mend it as the message says
	CodeMissingLimit = "config.batch-never-closes" // a batch without any limit; give count, size, age or at
	CodeFolders      = "config.folders"            // files would come into a folder again that they were taken from or put by this agent, as forms, for ever or twice; give each its own folder
	CodeShape        = "config.shape"              // batch and file do not go with this target, or exclude each other; remove one
	CodeOverruled    = "config.overruled"          // a key does nothing beside another one; keep one of the two
)
