// {{title}}: bytes as hexadecimal digits, 32 bytes a line. Both ways a stream.
package main

import (
	"bufio"
	"io"

	jackfield "github.com/jackfield/jackfield/guest-sdk/go"
)

const line = 32

type decoder struct {
	input  *bufio.Reader
	offset uint64
}

func digit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// next is the next digit of the input.
func (d *decoder) next() (byte, error) {
	for {
		c, err := d.input.ReadByte()
		if err != nil {
			return 0, err
		}
		offset := d.offset
		d.offset++
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		value, known := digit(c)
		if !known {
			return 0, jackfield.Fail(jackfield.InvalidInput, "invalid-digit", "no hexadecimal digit at byte %d", offset).AtOffset(uint32(offset))
		}
		return value, nil
	}
}

func (d *decoder) Read(buffer []byte) (int, error) {
	for made := range buffer {
		// What is there already is handed on before more is waited for.
		if made > 0 && d.input.Buffered() == 0 {
			return made, nil
		}
		high, err := d.next()
		if err != nil {
			return made, err
		}
		low, err := d.next()
		if err == io.EOF {
			err = jackfield.Fail(jackfield.InvalidInput, "truncated", "the input ends in the middle of a byte")
		}
		if err != nil {
			return made, err
		}
		buffer[made] = high<<4 | low
	}
	return len(buffer), nil
}

type encoder struct {
	output *bufio.Writer
	column int
}

func (e *encoder) Write(bytes []byte) (int, error) {
	const digits = "0123456789abcdef"
	for _, b := range bytes {
		e.output.WriteByte(digits[b>>4])
		e.output.WriteByte(digits[b&15])
		if e.column++; e.column == line {
			e.output.WriteByte('\n')
			e.column = 0
		}
	}
	return len(bytes), nil
}

func (e *encoder) Flush() error { return e.output.Flush() }

func (e *encoder) Close() error {
	if e.column > 0 {
		e.output.WriteByte('\n')
	}
	return e.output.Flush()
}

func init() {
	jackfield.RegisterCodec("{{name}}", jackfield.Codec{
		Decoder: func(_ jackfield.Options, input io.Reader) (io.Reader, error) {
			return &decoder{input: bufio.NewReader(input)}, nil
		},
		Encoder: func(_ jackfield.Options, output io.Writer) (io.WriteCloser, error) {
			return &encoder{output: bufio.NewWriter(output)}, nil
		},
	})
}

func main() {}
