// Package secret seals secrets with what the operating system offers: DPAPI on Windows.
package secret

// entropy goes into every seal, so that what another program of this machine sealed is not taken for ours,
// and the other way round. It is no secret.
const entropy = "inbasket secret, version 1"

// MaxSize bounds a secret in bytes; a password or a key is far smaller.
const MaxSize = 64 << 10
