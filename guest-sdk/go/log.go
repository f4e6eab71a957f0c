package jackfield

import "fmt"

// Level is how much a line of the log matters.
type Level uint8

// The levels.
const (
	Trace Level = iota
	Debug
	Info
	Warn
	Error
)

// Log writes a line to the host's log: shown with -v, warnings and errors always.
func Log(level Level, format string, arguments ...any) {
	hostLog(level, fmt.Sprintf(format, arguments...))
}
