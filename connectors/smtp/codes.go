package smtp

// The stable codes of this connector.
const (
	CodeConfig     = "smtp.config"     // the configuration of the mail target is wrong; the text says what
	CodeConnection = "smtp.connection" // no connection to the mail server, or it was cut before the mail was handed over; check name, address and firewall, the agent goes on by itself
	CodeUnclear    = "smtp.unclear"    // the mail was handed over and the server's answer got lost; look for it by its Message-ID in the mailbox or in the server's log
	CodeBusy       = "smtp.busy"       // the mail server asks to come back later; it is tried again
	CodeRefused    = "smtp.refused"    // the mail server refuses this machine or its greeting; let its administrator admit it
	CodeLogin      = "smtp.login"      // the mail server refuses the login; check user and password
	CodeTLS        = "smtp.tls"        // the mail server's certificate is not accepted; check tls.ca and tls.server-name
	CodeTLSFile    = "smtp.tls-file"   // a file of tls.ca, tls.cert or tls.key cannot be read; mend it, or mount the disk that it lies on
	CodeNoTLS      = "smtp.no-tls"     // the mail server does not offer encryption; let its administrator switch on STARTTLS, or say tls: {mode: none} where the way to it is safe
	CodeSender     = "smtp.sender"     // the mail server refuses the sender's address; check from
	CodeRecipient  = "smtp.recipient"  // the mail server refuses a recipient, so that nobody got the mail; check to
	CodeTooLarge   = "smtp.too-large"  // the mail is larger than its server takes; raise the server's limit, or send this form another way
	CodeRejected   = "smtp.rejected"   // the mail server refuses what the mail holds, such as a kind of attachment; look at its words with inbasket show, and at its filter
	CodeContent    = "smtp.content"    // a file of the mail cannot be read; look at the agent's disk
)
