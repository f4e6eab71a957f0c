package jackfield

import (
	"bytes"
	"encoding/json"
	"io"
)

// Codec compresses and decompresses, with ordinary readers and writers.
type Codec struct {
	// Decoder gives the decoded bytes of input.
	Decoder func(options Options, input io.Reader) (io.Reader, error)
	// Encoder encodes to output. Close writes what is left; it does not close output.
	Encoder func(options Options, output io.Writer) (io.WriteCloser, error)
}

// Options are a JSON object that was checked against the manifest's schema.
type Options string

// Into reads the options into a struct.
func (o Options) Into(value any) error {
	if o == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(o), value); err != nil {
		return badParameter(err)
	}
	return nil
}

var codecs = map[string]Codec{}

// RegisterCodec names a codec of plugin.toml.
func RegisterCodec(id string, codec Codec) { codecs[id] = codec }

// Demand is what the pipeline will use of a source.
type Demand struct {
	Columns   []string // nil: all
	Limit     uint64   // rows; 0: no limit
	BatchRows int
}

// Field is a column's name and type.
type Field struct{ Name, Type string }

// Chunk is a piece of what a reader gives.
type Chunk struct {
	Batch    *Batch
	FirstRow uint64
	Bad      []BadRow
}

// BadRow is a line that is no row.
type BadRow struct {
	Line   uint64
	Raw    []byte
	Reason *Failure
}

// Reader reads a file. It is opened twice: for Schema, and to read; then the options hold the complete schema, as
// `schema`, an object of names and types.
type Reader interface {
	Schema() ([]Field, error)
	// Next gives the demanded columns in that order; io.EOF is the end.
	Next() (*Chunk, error)
}

// Writer writes a file.
type Writer interface {
	Write(batch *Batch) error
	Close() error
}

// Format is a file format.
type Format struct {
	// Detect says from 0 to 100 how sure it is; name may be empty.
	Detect func(name string, head []byte) int
	Reader func(options Options, input io.Reader, demand Demand) (Reader, error)
	Writer func(options Options, schema []Field, output io.Writer) (Writer, error)
}

var formats = map[string]Format{}

// RegisterFormat names a file format of plugin.toml.
func RegisterFormat(id string, format Format) { formats[id] = format }

// SchemaOf is the complete schema that a reader is told when it is opened to read; nil when it is opened for the schema
// and the pipeline says nothing.
func SchemaOf(options Options) []Field {
	var found struct{ Schema json.RawMessage }
	if options.Into(&found) != nil || found.Schema == nil {
		return nil
	}
	// A map would forget the order.
	decoder := json.NewDecoder(bytes.NewReader(found.Schema))
	var fields []Field
	var name string
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return fields
		}
		switch token := token.(type) {
		case json.Delim:
			if depth++; depth > 1 {
				return fields
			}
		case string:
			if name == "" {
				name = token
			} else {
				fields = append(fields, Field{name, token})
				name = ""
			}
		}
	}
}
