package frontoffice

// The stable codes that front offices and operators see.
const (
	CodeInternal      = "http.internal"         // the agent failed; the request may be repeated with the same Idempotency-Key or reference
	CodeNotFound      = "http.not-found"        // there is no such thing, or it belongs to another front office
	CodeMethod        = "http.method"           // the path does not know this method; the Allow header lists those it knows
	CodeInvalid       = "http.invalid"          // a parameter or the body does not fit the API description
	CodeToken         = "http.token"            // the bearer token is missing or not valid; make one with "inbasket token new OFFICE"
	CodeWrongTokens   = "http.wrong-tokens"     // wrong tokens are being tried; the log names the addresses, once a minute each, and they are answered slower and slower
	CodeQuota         = "http.quota"            // the front office has used up what its quota in the configuration allows; repeat after the time in Retry-After
	CodeHTTP          = "http.request"          // the request is not HTTP as RFC 9112 has it, its head is too long, or it asks for what is not known here
	CodeRange         = "http.range"            // the document has no such part; Content-Range has its size
	CodePrecondition  = "http.precondition"     // the document is not the one that If-Match or If-Unmodified-Since names
	CodeBusy          = "http.busy"             // too many requests at once; repeat after the time in Retry-After
	CodeStopping      = "http.stopping"         // the agent is stopping; repeat after the time in Retry-After
	CodeTooSlow       = "http.too-slow"         // head or body came too slowly, and the connection was ended
	CodeCut           = "http.cut"              // the body ended before the end that the request announced; send it again, whole
	CodeTLSRequired   = "http.tls-required"     // listening beyond this machine needs certificate and key in the configuration
	CodeCertificate   = "http.certificate"      // the new certificate or key cannot be used; the old one stays in force
	CodeListen        = "http.listen"           // the address cannot be listened on; it may be taken or need rights
	CodeTokens        = "http.tokens"           // tokens of a front office must be one or two SHA-256 hashes, each used once
	CodeEmpty         = "submit.empty"          // the request has no form
	CodeTooLarge      = "submit.too-large"      // form, attachment, request or another body is over the limit that the text names
	CodeMediaType     = "submit.media-type"     // the form is neither JSON, XML, urlencoded, CSV, a mail, a PDF nor multipart/form-data with one of these
	CodeEncoding      = "submit.encoding"       // the body, or a part of it, is compressed or encoded; send it as it is
	CodeMultipart     = "submit.multipart"      // the multipart body is broken, or has no part named form, or has it twice
	CodeKey           = "submit.key"            // the Idempotency-Key is not a string of 1 to 128 visible characters
	CodeKeyReused     = "submit.key-reused"     // the Idempotency-Key was used with other bytes; the attempt is recorded
	CodeOtherRoute    = "submit.other-route"    // a form with this Idempotency-Key or reference was accepted on another route of the front office; the attempt is recorded: send each form to one route
	CodeReferenceUsed = "submit.reference-used" // the reference was used with other bytes; the attempt is recorded
	CodeInProgress    = "submit.in-progress"    // a request with this Idempotency-Key is being worked on; repeat it later
	CodeRoute         = "submit.route"          // say with ?route= which of the front office's routes the form is for
	CodeForm          = "submit.form"           // the form cannot be read; errors says where
	CodeUnavailable   = "submit.unavailable"    // nothing can be accepted now; repeat later with the same Idempotency-Key or reference
	CodeNoSpace       = "submit.no-room"        // the agency's disk is nearly full: only known forms are answered; repeat later with the same Idempotency-Key or reference
	CodeCursor        = "cursor.invalid"        // the cursor was not made by this API
	CodeCursorEpoch   = "cursor.epoch"          // the journal was restored from a backup since; read again from the start and drop events whose id is known
	CodePurged        = "submission.purged"     // the form ended long ago and its content was purged; sent again it is still known
	CodeGone          = "document.gone"         // the document is no longer kept
)
