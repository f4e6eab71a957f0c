// {{title}}: lines of key=value pairs with blanks between them. A key that a line lacks is null there.
package main

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"

	jackfield "github.com/jackfield/jackfield/guest-sdk/go"
)

// The schema is made of so many lines.
const lookedAt = 1000

type reader struct {
	lines   *bufio.Reader
	ahead   []string // read for the schema, and not given yet
	number  uint64   // of the line that was read last, from 1
	columns []string
	demand  jackfield.Demand
	row     uint64
}

func newReader(options jackfield.Options, input io.Reader, demand jackfield.Demand) (jackfield.Reader, error) {
	r := &reader{lines: bufio.NewReaderSize(input, 1<<16), demand: demand}
	for _, field := range jackfield.SchemaOf(options) {
		r.columns = append(r.columns, field.Name)
	}
	return r, nil
}

// read is the next line of the file without its end; io.EOF behind the last.
func (r *reader) read() (string, error) {
	line, err := r.lines.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// line is the next one for rows.
func (r *reader) line() (line string, err error) {
	if len(r.ahead) > 0 {
		line, r.ahead = r.ahead[0], r.ahead[1:]
	} else if line, err = r.read(); err != nil {
		return "", err
	}
	r.number++
	return line, nil
}

func (r *reader) Schema() ([]jackfield.Field, error) {
	// What the pipeline says may be some of the columns only.
	for len(r.ahead) < lookedAt {
		line, err := r.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		r.ahead = append(r.ahead, line)
		for _, word := range strings.Fields(line) {
			if key, _, isPair := strings.Cut(word, "="); isPair && key != "" && !slices.Contains(r.columns, key) {
				r.columns = append(r.columns, key)
			}
		}
	}
	var fields []jackfield.Field
	for _, name := range r.columns {
		fields = append(fields, jackfield.Field{Name: name, Type: "utf8"})
	}
	return fields, nil
}

func (r *reader) Next() (*jackfield.Chunk, error) {
	// Only what somebody asked for is built, in the order of the demand.
	names := r.demand.Columns
	if names == nil {
		names = r.columns
	}
	most := r.demand.BatchRows
	if r.demand.Limit > 0 {
		most = min(most, int(r.demand.Limit-r.row))
	}
	builders := make(map[string]*jackfield.Builder, len(names))
	for _, name := range names {
		builders[name] = jackfield.Build("utf8", most)
	}
	chunk := &jackfield.Chunk{FirstRow: r.row}
	rows := 0
	for rows < most {
		line, err := r.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if line == "" {
			continue
		}
		values := map[string]string{}
		var wrong *jackfield.Failure
		for _, word := range strings.Fields(line) {
			key, value, isPair := strings.Cut(word, "=")
			switch {
			case !isPair || key == "":
				wrong = jackfield.Fail(jackfield.InvalidInput, "invalid-pair", "`%s` is no key=value", word)
			case !slices.Contains(r.columns, key):
				wrong = jackfield.Fail(jackfield.InvalidInput, "invalid-pair", "the key `%s` is not among those of the first %d lines", key, lookedAt)
			default:
				values[key] = value
			}
		}
		if wrong != nil {
			chunk.Bad = append(chunk.Bad, jackfield.BadRow{Line: r.number, Raw: []byte(line), Reason: wrong})
			continue
		}
		for _, name := range names {
			if value, there := values[name]; there {
				builders[name].Text(value)
			} else {
				builders[name].Null()
			}
		}
		rows++
		r.row++
	}
	if rows == 0 && len(chunk.Bad) == 0 {
		return nil, io.EOF
	}
	columns := make([]*jackfield.Column, len(names))
	for i, name := range names {
		columns[i] = builders[name].Column()
	}
	chunk.Batch = jackfield.BatchOf(names, columns, rows)
	return chunk, nil
}

type writer struct {
	columns []string
	output  *bufio.Writer
}

func newWriter(_ jackfield.Options, schema []jackfield.Field, output io.Writer) (jackfield.Writer, error) {
	w := &writer{output: bufio.NewWriterSize(output, 1<<16)}
	for _, field := range schema {
		w.columns = append(w.columns, field.Name)
	}
	return w, nil
}

func (w *writer) Write(batch *jackfield.Batch) error {
	views := make([]*jackfield.View, len(w.columns))
	for i, name := range w.columns {
		view, err := batch.Col(name).Cast("utf8").View()
		if err != nil {
			return err
		}
		views[i] = view
	}
	for row := range batch.Rows() {
		first := true
		for i, name := range w.columns {
			if !views[i].Valid(row) {
				continue
			}
			value := views[i].Bytes(row)
			if bytes.ContainsAny(value, " \n") {
				return jackfield.Fail(jackfield.InvalidInput, "invalid-value", "a value with a blank or a line end cannot be written: `%s`", value).AtRow(uint64(row)).InColumn(name)
			}
			if !first {
				w.output.WriteByte(' ')
			}
			first = false
			w.output.WriteString(name)
			w.output.WriteByte('=')
			w.output.Write(value)
		}
		w.output.WriteByte('\n')
	}
	return nil
}

func (w *writer) Flush() error { return w.output.Flush() }
func (w *writer) Close() error { return w.output.Flush() }

func detect(name string, head []byte) int {
	if strings.HasSuffix(name, ".{{name}}") {
		return 90
	}
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if whole && bytes.ContainsRune(line, '=') {
		return 10
	}
	return 0
}

func init() {
	jackfield.RegisterFormat("{{name}}", jackfield.Format{Detect: detect, Reader: newReader, Writer: newWriter})
}

func main() {}
