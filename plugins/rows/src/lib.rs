//! Nodes that work on rows.
use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};
struct Late;
impl Node for Late {
    fn new(_node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Late)
    }
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(Binding::passing(&inputs[0]).needs("in", &["delay"]).row_wise())
    }
    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        Ok(Step::from(batch.filter(&batch.column("delay")?)?))
    }
}
jackfield_sdk::export_node!(Late);
