// A plugin with the node phonetic and the codec base64.
package main

import (
	"io"

	"phonetic-go/base64"
	"phonetic-go/keys"

	jackfield "github.com/jackfield/jackfield/guest-sdk/go"
)

// phonetic adds a key to each row. The loop is its own, over the column's bytes, because no kernel does this.
type phonetic struct {
	Column    string
	Algorithm string
	Into      string
	Length    int
}

func (p *phonetic) Open() error {
	if p.Into == "" {
		p.Into = p.Column + "_phonetic"
	}
	return nil
}

func (p *phonetic) Bind(binding *jackfield.Binding) error {
	input := &binding.Inputs[0]
	column, err := input.Column(p.Column, "/column")
	if err != nil {
		return err
	}
	if kind := input.Types[column].Name; kind != "utf8" {
		return jackfield.Fail(jackfield.InvalidConfig, "type-mismatch",
			"the column `%s` is %s, and a phonetic key is made of text", p.Column, kind).OfParameter("/column").InColumn(p.Column)
	}
	binding.With(p.Into, "utf8")
	binding.Needs(0, p.Column)
	binding.RowWise()
	binding.KeepsRows()
	return nil
}

func (p *phonetic) Process(step *jackfield.Step, _ string, batch *jackfield.Batch) error {
	texts, err := batch.Col(p.Column).View()
	if err != nil {
		return err
	}
	key := keys.Soundex
	if p.Algorithm == "metaphone" {
		key = keys.Metaphone
	}
	builder := jackfield.Build("utf8", texts.Length)
	var buffer [keys.Most]byte
	for row := range texts.Length {
		if texts.Valid(row) {
			builder.Bytes(key(buffer[:0], texts.Bytes(row), p.Length))
		} else {
			builder.Null()
		}
	}
	step.Change("out", nil, builder.Column())
	return nil
}

func init() {
	jackfield.RegisterNode("phonetic", func() *phonetic { return &phonetic{Algorithm: "soundex", Length: 4} })
	jackfield.RegisterCodec("base64", jackfield.Codec{
		Decoder: func(_ jackfield.Options, input io.Reader) (io.Reader, error) { return base64.NewReader(input), nil },
		Encoder: func(_ jackfield.Options, output io.Writer) (io.WriteCloser, error) {
			return base64.NewWriter(output), nil
		},
	})
}

func main() {}
