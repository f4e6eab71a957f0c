// Package base64 is RFC 4648 as streams: lines of 76 characters going out, any line ends coming in.
package base64

import (
	"bufio"
	"io"

	jackfield "github.com/jackfield/jackfield/guest-sdk/go"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const line = 76

var values = func() (table [256]int8) {
	for i := range table {
		table[i] = -1
	}
	for i, c := range []byte(alphabet) {
		table[c] = int8(i)
	}
	return
}()

// Reader decodes.
type Reader struct {
	input           *bufio.Reader
	offset          uint64
	bits            uint32
	digits, padding int
	lastDigit       uint64
	ended           bool
	waiting         []byte
}

// NewReader decodes what input gives.
func NewReader(input io.Reader) *Reader { return &Reader{input: bufio.NewReaderSize(input, 1<<16)} }

func wrong(offset uint64, what string) error {
	return jackfield.Fail(jackfield.InvalidInput, "invalid-base64", "%s at byte %d", what, offset).AtOffset(uint32(offset))
}

// group reads until a group is whole.
func (r *Reader) group() ([]byte, error) {
	for {
		c, err := r.input.ReadByte()
		if err == io.EOF && r.digits > 0 {
			return nil, wrong(r.offset, "the input ends inside a group")
		}
		if err != nil {
			return nil, err
		}
		offset := r.offset
		r.offset++
		value := values[c]
		switch {
		case c == '\r' || c == '\n':
		case r.ended:
			return nil, wrong(offset, "something stands behind the padding")
		case c == '=':
			if r.digits < 2 {
				return nil, wrong(offset, "padding comes too early")
			}
			leftOver := 2 * (4 - r.digits)
			if r.bits&(1<<leftOver-1) != 0 {
				return nil, wrong(r.lastDigit, "the bits in front of the padding are not zero")
			}
			if r.padding++; r.digits+r.padding == 4 {
				bytes := []byte{byte(r.bits >> (leftOver + 8)), byte(r.bits >> leftOver)}
				if r.digits == 2 {
					bytes = []byte{byte(r.bits >> leftOver)}
				}
				r.ended, r.digits = true, 0
				return bytes, nil
			}
		case value < 0:
			return nil, wrong(offset, "no character of base64")
		case r.padding > 0:
			return nil, wrong(offset, "something stands behind the padding")
		default:
			if r.digits == 0 {
				r.bits = 0
			}
			r.bits = r.bits<<6 | uint32(value)
			r.lastDigit = offset
			if r.digits++; r.digits == 4 {
				r.digits = 0
				return []byte{byte(r.bits >> 16), byte(r.bits >> 8), byte(r.bits)}, nil
			}
		}
	}
}

func (r *Reader) Read(buffer []byte) (int, error) {
	made := 0
	for made < len(buffer) {
		if len(r.waiting) == 0 {
			// What is there already is handed on before more is waited for.
			if made > 0 && r.input.Buffered() == 0 {
				break
			}
			group, err := r.group()
			if err != nil {
				if made > 0 && err == io.EOF {
					break
				}
				return made, err
			}
			r.waiting = group
		}
		count := copy(buffer[made:], r.waiting)
		r.waiting = r.waiting[count:]
		made += count
	}
	return made, nil
}

// Writer encodes.
type Writer struct {
	output  *bufio.Writer
	waiting []byte
	column  int
}

// NewWriter encodes to output.
func NewWriter(output io.Writer) *Writer { return &Writer{output: bufio.NewWriterSize(output, 1<<16)} }

func (w *Writer) put(group []byte, characters int) {
	var three [3]byte
	copy(three[:], group)
	bits := uint32(three[0])<<16 | uint32(three[1])<<8 | uint32(three[2])
	for i := range 4 {
		if i < characters {
			w.output.WriteByte(alphabet[bits>>(18-6*i)&63])
		} else {
			w.output.WriteByte('=')
		}
	}
	if w.column += 4; w.column == line {
		w.output.WriteByte('\n')
		w.column = 0
	}
}

func (w *Writer) Write(bytes []byte) (int, error) {
	for _, b := range bytes {
		if w.waiting = append(w.waiting, b); len(w.waiting) == 3 {
			w.put(w.waiting, 4)
			w.waiting = w.waiting[:0]
		}
	}
	// bufio keeps its first error for later.
	return len(bytes), nil
}

// Flush hands on the groups that are whole.
func (w *Writer) Flush() error { return w.output.Flush() }

// Close writes the rest; it does not close the output.
func (w *Writer) Close() error {
	if len(w.waiting) > 0 {
		w.put(w.waiting, len(w.waiting)+1)
	}
	if w.column > 0 {
		w.output.WriteByte('\n')
	}
	return w.output.Flush()
}
