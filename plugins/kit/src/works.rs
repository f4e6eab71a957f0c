//! Components that provide several node types: one value per node, whatever its type.

use jackfield_sdk::{Batch, Binding, Failure, InputPort, Step};

/// A node of one of the types that a component provides.
pub trait Work {
    /// As [`Node::bind`](jackfield_sdk::Node::bind).
    ///
    /// # Errors
    /// All that does not fit.
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>>;

    /// As [`Node::process`](jackfield_sdk::Node::process).
    ///
    /// # Errors
    /// What ends the run.
    fn process(&mut self, port: &str, batch: &Batch) -> Result<Step, Failure>;

    /// As [`Node::resume`](jackfield_sdk::Node::resume).
    ///
    /// # Errors
    /// What ends the run.
    fn resume(&mut self) -> Result<Step, Failure> {
        Ok(Step::nothing())
    }

    /// As [`Node::finish`](jackfield_sdk::Node::finish).
    ///
    /// # Errors
    /// What ends the run.
    fn finish(&mut self, port: &str) -> Result<Step, Failure> {
        let _ = port;
        Ok(Step::nothing())
    }
}

/// Exports node types: each a type with `new(Params) -> Result<Self, Vec<Failure>>` that implements [`Work`].
#[macro_export]
macro_rules! export_works {
    ($($node_type:literal => $work:ty),+ $(,)?) => {
        struct Provided(Box<dyn $crate::works::Work>);

        impl jackfield_sdk::Node for Provided {
            fn new(node_type: &str, params: jackfield_sdk::Params) -> Result<Self, Vec<jackfield_sdk::Failure>> {
                match node_type {
                    $($node_type => Ok(Provided(Box::new(<$work>::new(params)?))),)+
                    other => Err($crate::unknown_node(other)),
                }
            }

            fn bind(
                &mut self,
                inputs: &[jackfield_sdk::InputPort],
            ) -> Result<jackfield_sdk::Binding, Vec<jackfield_sdk::Failure>> {
                self.0.bind(inputs)
            }

            fn process(
                &mut self,
                port: &str,
                batch: &jackfield_sdk::Batch,
                _columns: &[jackfield_sdk::Buffers],
            ) -> Result<jackfield_sdk::Step, jackfield_sdk::Failure> {
                self.0.process(port, batch)
            }

            fn resume(&mut self) -> Result<jackfield_sdk::Step, jackfield_sdk::Failure> {
                self.0.resume()
            }

            fn finish(&mut self, port: &str) -> Result<jackfield_sdk::Step, jackfield_sdk::Failure> {
                self.0.finish(port)
            }
        }

        jackfield_sdk::export_node!(Provided);
    };
}
