package webhook

// The stable codes of this connector.
const (
	CodeGone       = "webhook.gone"            // the receiver answered 410 Gone: it wants no more events; each is given up at once and can be polled: mend webhook.url, or remove the webhook
	CodeRefused    = "webhook.refused"         // the receiver answered with an error status; it is tried again on the schedule
	CodeThrottled  = "webhook.throttled"       // the receiver answered 429, 502, 503 or 504; it is tried again, not sooner than it asked
	CodeRedirect   = "webhook.redirect"        // the receiver answered with a redirect, which is never followed; put the new address into the configuration
	CodeTimeout    = "webhook.timeout"         // no answer in time; it is tried again, the receiver drops repeats by webhook-id
	CodeConnection = "webhook.connection"      // no connection to the receiver; check name, address, firewall and proxy
	CodeTLS        = "webhook.tls"             // the receiver's certificate is not trusted or does not fit its name; check tls.ca and the address
	CodeTLSFile    = "webhook.tls-file"        // a file of tls.ca, tls.cert or tls.key cannot be read; mend it, or mount the disk that it lies on
	CodeAddress    = "webhook.address-refused" // the name leads to a private, loopback or otherwise special address; set allow-private if that is meant
	CodeEvent      = "webhook.event"           // the event cannot be sent as it is; report this as a fault of the agent
	CodeConfig     = "webhook.config"          // the configuration of the webhook is wrong; the text says what
)
