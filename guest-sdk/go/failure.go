package jackfield

import (
	"errors"
	"fmt"
	"io"
)

// Kind says what a failure is about.
type Kind uint8

// The kinds, in the order of the interfaces.
const (
	InvalidInput  Kind = iota // the data is wrong; the row may be skipped or dead-lettered
	InvalidConfig             // parameters, options or configuration are wrong
	Denied                    // a permission said no
	Limit                     // a limit said no
	Unavailable               // something outside is not there now
	Cancelled
	Internal // a defect in the plugin
	Other
)

// Failure is what went wrong, for a person and for a program. It is an error like any other.
type Failure struct {
	Kind      Kind
	Code      string // stable, kebab-case
	Message   string // lower case, no full stop
	Row       *uint64
	Column    string
	Parameter string // a JSON pointer such as /column
	Offset    *uint32
	Help      string
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// Fail makes a failure.
func Fail(kind Kind, code, format string, arguments ...any) *Failure {
	return &Failure{Kind: kind, Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// AtRow names the row of the input of this call, from 0.
func (f *Failure) AtRow(row uint64) *Failure { f.Row = &row; return f }

// InColumn names the column.
func (f *Failure) InColumn(name string) *Failure { f.Column = name; return f }

// OfParameter names the parameter, as a JSON pointer.
func (f *Failure) OfParameter(pointer string) *Failure { f.Parameter = pointer; return f }

// AtOffset says where, in bytes.
func (f *Failure) AtOffset(offset uint32) *Failure { f.Offset = &offset; return f }

// WithHelp says what to do about it.
func (f *Failure) WithHelp(format string, arguments ...any) *Failure {
	f.Help = fmt.Sprintf(format, arguments...)
	return f
}

// failureOf turns any error into a failure: a Failure inside it stays what it is.
func failureOf(err error) *Failure {
	var failure *Failure
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Fail(InvalidInput, "truncated", "the data ends too early")
	default:
		return Fail(Internal, "internal", "%v", err)
	}
}

// failuresOf takes errors.Join apart.
func failuresOf(err error) []*Failure {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Failure
		for _, one := range joined.Unwrap() {
			all = append(all, failuresOf(one)...)
		}
		return all
	}
	return []*Failure{failureOf(err)}
}

func nearest(name string, names []string) string {
	best, found := 3, ""
	for _, other := range names {
		if distance := editDistance(name, other); distance < best {
			best, found = distance, other
		}
	}
	return found
}

func editDistance(a, b string) int {
	before := make([]int, len(b)+1)
	for j := range before {
		before[j] = j
	}
	// Two letters that changed places count once.
	var before2 []int
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(before[j]+1, row[j-1]+1, before[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before2[j-2]+1)
			}
		}
		before2, before = before, row
	}
	return before[len(b)]
}

// UnknownColumn is the failure about a column that is not among names.
func UnknownColumn(name string, names []string) *Failure {
	failure := Fail(InvalidConfig, "unknown-column", "there is no column `%s`", name).InColumn(name)
	if near := nearest(name, names); near != "" {
		failure.Help = "did you mean `" + near + "`?"
	}
	return failure
}
