// Package secret keeps secrets sealed: by age in one file on any system, by DPAPI on Windows.
package secret

// MaxSize bounds a secret in bytes; a password or a key is far smaller.
const MaxSize = 64 << 10
