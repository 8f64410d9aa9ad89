package httpserver

import "math"

// descriptors returns how many files and connections the process may have open; Windows sets no such limit.
func descriptors() int { return math.MaxInt32 }
