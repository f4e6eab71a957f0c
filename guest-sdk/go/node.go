package jackfield

import (
	"encoding/json"
	"errors"
)

// Applier is a node in the short way. Apply says what becomes of a batch; it runs once over the types alone, which gives
// the binding, and then over every batch. What is wrong is found in the first run, before data moves.
type Applier interface {
	Apply(frame *Frame)
}

// Processor is a node in the long way.
type Processor interface {
	// Bind sees the schema of every input and says what comes out. errors.Join gives several failures.
	Bind(binding *Binding) error
	Process(step *Step, port string, batch *Batch) error
}

// Opener is a node that looks at its parameters once they are read.
type Opener interface{ Open() error }

// Resumer is a node whose steps say More.
type Resumer interface{ Resume(step *Step) error }

// Finisher is a node that answers the end of an input.
type Finisher interface {
	Finish(step *Step, port string) error
}

// Closer is a node that is told when its instance goes.
type Closer interface{ Close() }

var nodes = map[string]func() any{}

// RegisterNode names a node type of plugin.toml. defaults makes a node, usually a pointer to a struct whose fields the
// parameters are read into as encoding/json does it; what it sets holds where a parameter is left out.
func RegisterNode[N any](nodeType string, defaults func() N) {
	nodes[nodeType] = func() any { return defaults() }
}

// openNode makes an instance and reads its parameters.
func openNode(nodeType, params string) (any, error) {
	make := nodes[nodeType]
	if make == nil {
		return nil, Fail(Internal, "unknown-node", "the component has no node `%s`", nodeType)
	}
	node := make()
	if err := json.Unmarshal([]byte(params), node); err != nil {
		return nil, badParameter(err)
	}
	if opener, ok := node.(Opener); ok {
		if err := opener.Open(); err != nil {
			return nil, err
		}
	}
	return node, nil
}

func badParameter(err error) error {
	failure := Fail(InvalidConfig, "wrong-value", "%v", err)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		failure.Parameter = "/" + wrong.Field
	}
	return failure
}

// Type is a column's type.
type Type struct {
	Name string // int64, utf8, …; "other" for what has children or a name that the SDK does not know
	tree typeTree
}

// Input is an input port with its columns.
type Input struct {
	Name    string
	Columns []string
	Types   []*Type
}

// Column is the number of a column; or a failure that names the parameter, if it is not empty.
func (i *Input) Column(name, parameter string) (int, error) {
	for at, other := range i.Columns {
		if other == name {
			return at, nil
		}
	}
	return 0, UnknownColumn(name, i.Columns).OfParameter(parameter)
}

// Binding is what a node says of its inputs and outputs.
type Binding struct {
	Inputs     []Input
	outputs    []outputPort
	needs      map[string][]string
	drainFirst []string
	rowWise    bool
	keepsRows  bool
}

type outputPort struct {
	name    string
	unknown bool
	columns []outputColumn
}

type outputColumn struct {
	input   string // empty: made
	index   int
	rename  string
	name    string
	made    *Type
	notNull bool
}

// Output begins an output port.
func (b *Binding) Output(port string) { b.outputs = append(b.outputs, outputPort{name: port}) }

func (b *Binding) last() *outputPort {
	if len(b.outputs) == 0 {
		b.Output("out")
	}
	return &b.outputs[len(b.outputs)-1]
}

// Pass hands a column of an input on, under its own name if rename is empty.
func (b *Binding) Pass(input, column int, rename string) {
	port := b.last()
	port.columns = append(port.columns, outputColumn{input: b.Inputs[input].Name, index: column, rename: rename})
}

// Made says that a column is made, of a type by its name.
func (b *Binding) Made(name, kind string) { b.made(name, &Type{Name: kind}) }

func (b *Binding) made(name string, kind *Type) {
	port := b.last()
	port.columns = append(port.columns, outputColumn{name: name, made: kind})
}

// With is the output port out with all columns of the first input and one that is made: in the place of a column of its
// name, else last.
func (b *Binding) With(name, kind string) {
	b.Output("out")
	replaced := false
	for i, other := range b.Inputs[0].Columns {
		if other == name {
			b.Made(name, kind)
			replaced = true
		} else {
			b.Pass(0, i, "")
		}
	}
	if !replaced {
		b.Made(name, kind)
	}
}

// Unknown says that the columns of the port are known with its first batch only.
func (b *Binding) Unknown() { b.last().unknown = true }

// Needs says which columns of an input the node itself reads. Without it an input is needed whole.
func (b *Binding) Needs(input int, columns ...string) {
	if b.needs == nil {
		b.needs = map[string][]string{}
	}
	name := b.Inputs[input].Name
	all := b.needs[name]
next:
	for _, column := range columns {
		for _, known := range all {
			if known == column {
				continue next
			}
		}
		all = append(all, column)
	}
	b.needs[name] = all
}

// DrainFirst says that an input is read to its end before the others.
func (b *Binding) DrainFirst(port string) { b.drainFirst = append(b.drainFirst, port) }

// RowWise says that each row's fate depends on that row alone.
func (b *Binding) RowWise() { b.rowWise = true }

// KeepsRows says that every row leaves by the first port.
func (b *Binding) KeepsRows() { b.keepsRows = true }

// Step is the answer to a batch.
type Step struct {
	emissions []emission
	rejected  []rejection
	progress  uint8
}

type emission struct {
	port  string
	mask  *Column
	made  []*Column
	batch *Batch
}

type rejection struct {
	rows   *Column
	reason *Failure
}

// Change sends the rows of the input where mask is true (nil: all) out of a port, with the columns that the binding calls
// made. Only in Process.
func (s *Step) Change(port string, mask *Column, made ...*Column) {
	s.emissions = append(s.emissions, emission{port: port, mask: mask, made: made})
}

// Emit sends a batch of the node's own.
func (s *Step) Emit(port string, batch *Batch) {
	s.emissions = append(s.emissions, emission{port: port, batch: batch})
}

// Reject lets rows of the input leave by the pipeline's error policy.
func (s *Step) Reject(rows *Column, reason *Failure) {
	s.rejected = append(s.rejected, rejection{rows, reason})
}

// More asks the host to call Resume.
func (s *Step) More() { s.progress = 1 }

// Done says that nothing more is needed of any input.
func (s *Step) Done() { s.progress = 2 }

// err is the first failure among what the step holds.
func (s *Step) err() error {
	for _, emission := range s.emissions {
		if emission.batch != nil && emission.batch.err != nil {
			return emission.batch.err
		}
		if emission.mask != nil {
			if err := emission.mask.real("a step"); err != nil {
				return err
			}
		}
		for _, column := range emission.made {
			if err := column.real("a step"); err != nil {
				return err
			}
		}
	}
	for _, rejected := range s.rejected {
		if err := rejected.rows.real("a step"); err != nil {
			return err
		}
	}
	return nil
}
