package jackfield

// Frame is a batch as Apply sees it: rows, or only their types.
type Frame struct {
	binding *Binding // while Apply runs over types
	batch   *Batch
	mask    *Column
	sets    []namedColumn
	errs    []error
}

type namedColumn struct {
	name   string
	column *Column
}

// Col is the column of this name, as it came in or as Set made it.
func (f *Frame) Col(name string) *Column {
	for _, set := range f.sets {
		if set.name == name {
			return set.column
		}
	}
	if f.binding == nil {
		return f.batch.Col(name)
	}
	at, err := f.binding.Inputs[0].Column(name, "")
	if err != nil {
		f.errs = append(f.errs, err)
		return failedColumn(err)
	}
	f.binding.Needs(0, name)
	return &Column{plan: f.binding.Inputs[0].Types[at]}
}

// Filter keeps the rows where the boolean column is true.
func (f *Frame) Filter(mask *Column) {
	if f.mask != nil {
		mask = f.mask.And(mask)
	}
	f.mask = mask
}

// Set adds a column, or replaces the one of this name in its place.
func (f *Frame) Set(name string, column *Column) {
	for i := range f.sets {
		if f.sets[i].name == name {
			f.sets[i].column = column
			return
		}
	}
	f.sets = append(f.sets, namedColumn{name, column})
}

// inOrder is the columns that were set as the binding lists them: replaced ones in their places, then new ones.
func (f *Frame) inOrder(names []string) []namedColumn {
	ordered := make([]namedColumn, 0, len(f.sets))
	old := map[string]bool{}
	for _, name := range names {
		old[name] = true
		for _, set := range f.sets {
			if set.name == name {
				ordered = append(ordered, set)
			}
		}
	}
	for _, set := range f.sets {
		if !old[set.name] {
			ordered = append(ordered, set)
		}
	}
	return ordered
}

func bindApplier(node Applier, binding *Binding) error {
	frame := &Frame{binding: binding}
	binding.Needs(0)
	node.Apply(frame)
	if len(frame.errs) > 0 {
		return joined(frame.errs)
	}
	if frame.mask != nil {
		kind, err := frame.mask.Type()
		if err != nil {
			return err
		}
		if kind.Name != "bool" {
			return Fail(InvalidConfig, "type-mismatch", "rows are kept by a column of bool, and this is %s", kind.Name)
		}
	}
	types := map[string]*Type{}
	for _, set := range frame.sets {
		kind, err := set.column.Type()
		if err != nil {
			return err
		}
		types[set.name] = kind
	}
	binding.Output("out")
	for i, name := range binding.Inputs[0].Columns {
		if kind := types[name]; kind != nil {
			binding.made(name, kind)
		} else {
			binding.Pass(0, i, "")
		}
	}
	old := map[string]bool{}
	for _, name := range binding.Inputs[0].Columns {
		old[name] = true
	}
	for _, set := range frame.sets {
		if !old[set.name] {
			binding.made(set.name, types[set.name])
		}
	}
	binding.RowWise()
	if frame.mask == nil {
		binding.KeepsRows()
	}
	return nil
}

func applyToRows(node Applier, step *Step, batch *Batch) error {
	frame := &Frame{batch: batch}
	node.Apply(frame)
	var made []*Column
	for _, set := range frame.inOrder(batch.Names()) {
		made = append(made, set.column)
	}
	step.Change("out", frame.mask, made...)
	return nil
}

type joinedErrors []error

func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return joinedErrors(errs)
}

func (j joinedErrors) Error() string   { return j[0].Error() }
func (j joinedErrors) Unwrap() []error { return j }
