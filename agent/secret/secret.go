// Package secret keeps secrets sealed: by age in one file on any system, by DPAPI on Windows.
package secret

// entropy goes into every seal, so that what another program of this machine sealed is not taken for ours,
// and the other way round. It is no secret.
const entropy = "inbasket secret, version 1"

// MaxSize bounds a secret in bytes; a password or a key is far smaller.
const MaxSize = 64 << 10
