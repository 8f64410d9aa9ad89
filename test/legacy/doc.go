// Package legacy holds no code: its tests run an agent against real legacy systems that change under it. Whatever
// happens, a form that is closed stands there exactly as its mapping means, once; every other one is parked with a code or
// waits at a target whose trouble status names.
package legacy
