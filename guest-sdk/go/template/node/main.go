// {{title}}: keeps the rows whose column is above a number of minutes, and adds the column in hours.
package main

import jackfield "github.com/jackfield/jackfield/guest-sdk/go"

// node has the parameters, which were checked against the schema in plugin.toml.
type node struct {
	Column string
	Above  float64
	Into   string
}

// Apply runs once over the types, then over every batch. The loops run in the host, at native speed.
func (n *node) Apply(b *jackfield.Frame) {
	minutes := b.Col(n.Column).Cast("float64")
	b.Filter(minutes.Gt(n.Above))
	b.Set(n.Into, minutes.Div(60.0))
}

func init() {
	jackfield.RegisterNode("{{name}}", func() *node { return &node{Above: 60, Into: "hours"} })
}

func main() {}
