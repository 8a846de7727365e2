//! From a graph to a list of steps on a few buffers.
//!
//! 1. Keep the nodes some output needs, in the order in which they were built: operands come first, and what belongs
//!    together stays together.
//! 2. A node that is read some rows ago keeps its last rows from block to block, in a buffer of its own. All other
//!    nodes share buffers: one is free again after its last reader, so that the next step finds it in the cache.
//! 3. Exponential means that are ready at the same time run side by side, four at a time.

use crate::graph::{Graph, Lookback, MAX_OPERANDS, Node, Term};
use crate::operation::Operation;
use crate::recurrence::{LANES, Lane, Recurrence};

/// A buffer, read some rows ago.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct View {
    /// Which buffer.
    pub(crate) slot: usize,
    /// Rows ago.
    pub(crate) lag: usize,
}

/// One exponential mean within a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneStep {
    /// Its fixed numbers.
    pub(crate) lane: Lane,
    /// What it reads.
    pub(crate) input: View,
    /// The buffer it fills.
    pub(crate) slot: usize,
    /// Which carried numbers are its own.
    pub(crate) register: usize,
}

/// One step over a block of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Copy an input column.
    Load {
        /// Which column.
        column: usize,
        /// The buffer to fill.
        slot: usize,
    },
    /// Run an operation without carried numbers.
    Compute {
        /// What to run.
        operation: Operation,
        /// What it reads; unused ones repeat the first.
        operands: [View; MAX_OPERANDS],
        /// The buffer to fill.
        slot: usize,
    },
    /// Run one exponential mean.
    Exponential(LaneStep),
    /// Run several exponential means side by side.
    ExponentialLanes([LaneStep; LANES]),
    /// Run another operation with carried numbers.
    Recur {
        /// What to run.
        recurrence: Recurrence,
        /// What it reads; unused ones repeat the first.
        operands: [View; MAX_OPERANDS],
        /// The buffer to fill.
        slot: usize,
        /// Where its carried numbers begin.
        carried: usize,
    },
    /// Append a buffer to an output.
    Emit {
        /// What to append.
        view: View,
        /// Which output.
        output: usize,
    },
}

/// A buffer of the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// Rows kept from before the current block.
    pub(crate) history: usize,
    /// Where these rows lie in the state; `None` for a number, whose rows are all the same.
    pub(crate) tail: Option<usize>,
    /// What the buffer is filled with at first.
    pub(crate) fill: f64,
}

/// A planned graph: immutable, shared by all the states that run it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What to do for each block.
    pub(crate) steps: Vec<Step>,
    /// The buffers.
    pub(crate) slots: Vec<Slot>,
    /// Number of results.
    pub(crate) n_outputs: usize,
    /// Number of inputs read: one more than the highest column.
    pub(crate) n_inputs: usize,
    /// Kept rows of all buffers together.
    pub(crate) n_tail: usize,
    /// Number of carried register pairs, of exponential means.
    pub(crate) n_registers: usize,
    /// Number of numbers carried by the other recurrences.
    pub(crate) n_carried: usize,
    /// Lookback of each output.
    lookbacks: Vec<Lookback>,
}

impl Plan {
    /// Plans the computation of `outputs`. `inputs` says how far back the input columns look themselves; columns
    /// without an entry do not.
    pub fn new(graph: &Graph, outputs: &[Term], inputs: &[Lookback]) -> Self {
        let mut planner = Planner::new(graph, outputs);
        for id in 0..graph.nodes().len() {
            planner.schedule(id);
        }
        Self {
            n_outputs: outputs.len(),
            n_inputs: planner.n_inputs,
            n_tail: planner.n_tail,
            n_registers: planner.n_registers,
            n_carried: planner.n_carried,
            lookbacks: graph.lookbacks(outputs, inputs),
            steps: planner.steps,
            slots: planner.slots,
        }
    }

    /// The lookback of each output.
    pub fn lookbacks(&self) -> &[Lookback] {
        &self.lookbacks
    }

    /// Numbers a state of this plan holds.
    pub fn state_len(&self) -> usize {
        self.n_tail + self.n_registers * crate::recurrence::REGISTERS + self.n_carried
    }
}

/// What planning knows so far.
struct Planner<'a> {
    /// What is planned.
    nodes: &'a [Node],
    /// The results.
    outputs: &'a [Term],
    /// Whether a node is still to be scheduled.
    wanted: Vec<bool>,
    /// Rows each node must keep.
    history: Vec<usize>,
    /// Readers of each node that are not scheduled yet, outputs included.
    readers: Vec<usize>,
    /// Buffer of each scheduled node.
    slot_of: Vec<Option<usize>>,
    /// Outputs of each node.
    emits: Vec<Vec<usize>>,
    /// Exponential means, in building order.
    exponentials: Vec<usize>,
    /// Shared buffers nobody uses now.
    free: Vec<usize>,
    /// Result: steps.
    steps: Vec<Step>,
    /// Result: buffers.
    slots: Vec<Slot>,
    /// Result: kept rows.
    n_tail: usize,
    /// Result: register pairs.
    n_registers: usize,
    /// Result: numbers carried by the other recurrences.
    n_carried: usize,
    /// Result: inputs read.
    n_inputs: usize,
}

impl<'a> Planner<'a> {
    /// Finds what is needed, by whom, and how far back.
    fn new(graph: &'a Graph, outputs: &'a [Term]) -> Self {
        let nodes = graph.nodes();
        let n = nodes.len();
        let mut planner = Self {
            nodes,
            outputs,
            wanted: vec![false; n],
            history: vec![0; n],
            readers: vec![0; n],
            slot_of: vec![None; n],
            emits: vec![Vec::new(); n],
            exponentials: Vec::new(),
            free: Vec::new(),
            steps: Vec::new(),
            slots: Vec::new(),
            n_tail: 0,
            n_registers: 0,
            n_carried: 0,
            n_inputs: 0,
        };
        for (output, term) in outputs.iter().enumerate() {
            planner.emits[term.node as usize].push(output);
            planner.read(*term, 0);
        }
        planner.mark_operands();
        planner.exponentials = (0..n).filter(|&id| planner.is_exponential(id)).collect();
        planner
    }

    /// Marks the operands of all wanted nodes as wanted, from the last node to the first.
    fn mark_operands(&mut self) {
        let nodes = self.nodes;
        for (id, node) in nodes.iter().enumerate().rev() {
            if self.wanted[id] {
                for &operand in node.operands() {
                    self.read(operand, node.operation.reach());
                }
            }
        }
    }

    /// Notes one reader of `term` that reads `reach` rows farther back than the term itself.
    fn read(&mut self, term: Term, reach: u32) {
        let id = term.node as usize;
        self.wanted[id] = true;
        self.readers[id] += 1;
        self.history[id] = self.history[id].max(term.lag as usize + reach as usize);
    }

    /// Whether a node is a wanted exponential mean.
    fn is_exponential(&self, id: usize) -> bool {
        let is = matches!(self.nodes[id].operation, Operation::Recurrence(Recurrence::Exponential { .. }));
        is && self.wanted[id]
    }

    /// Adds the step of one node, with those that can run beside it, if it is wanted and not there yet.
    fn schedule(&mut self, id: usize) {
        if !self.wanted[id] || self.slot_of[id].is_some() {
            return;
        }
        if self.is_exponential(id) {
            return self.schedule_exponentials();
        }
        let node = self.nodes[id];
        let operands = self.operand_views(&node);
        // The result's buffer is chosen before the operands' are freed: a step never writes what it reads.
        let slot = self.take_slot(id);
        match node.operation {
            Operation::Constant(_) => {}
            Operation::Input(column) => {
                self.n_inputs = self.n_inputs.max(column as usize + 1);
                self.steps.push(Step::Load { column: column as usize, slot });
            }
            Operation::Recurrence(recurrence) => {
                let carried = self.n_carried;
                self.n_carried += recurrence.n_carried();
                self.steps.push(Step::Recur { recurrence, operands, slot, carried });
            }
            operation => self.steps.push(Step::Compute { operation, operands, slot }),
        }
        self.finish(id);
    }

    /// Adds the exponential means whose operands are there, in fours and the rest alone.
    fn schedule_exponentials(&mut self) {
        let ready = |planner: &Self, id: usize| {
            planner.nodes[id].operands().iter().all(|term| planner.slot_of[term.node as usize].is_some())
        };
        let (now, later) = self.exponentials.iter().copied().partition::<Vec<_>, _>(|&id| ready(self, id));
        self.exponentials = later;
        let lanes: Vec<LaneStep> = now.iter().map(|&id| self.lane_step(id)).collect();
        for lanes in lanes.chunks(LANES) {
            match <[LaneStep; LANES]>::try_from(lanes) {
                Ok(lanes) => self.steps.push(Step::ExponentialLanes(lanes)),
                Err(_) => self.steps.extend(lanes.iter().copied().map(Step::Exponential)),
            }
        }
        for id in now {
            self.finish(id);
        }
    }

    /// One exponential mean with its buffer and registers.
    fn lane_step(&mut self, id: usize) -> LaneStep {
        let node = self.nodes[id];
        let Operation::Recurrence(Recurrence::Exponential { alpha, min_periods }) = node.operation else {
            unreachable!("only exponential means are collected")
        };
        let input = self.operand_views(&node)[0];
        let lane = Lane { alpha: alpha.0, min_periods: f64::from(min_periods) };
        LaneStep { lane, input, slot: self.take_slot(id), register: self.take_register() }
    }

    /// Where the operands of a node lie.
    fn operand_views(&self, node: &Node) -> [View; MAX_OPERANDS] {
        let view = |term: &Term| View {
            slot: self.slot_of[term.node as usize].expect("operands are scheduled first"),
            lag: term.lag as usize,
        };
        let mut views = [node.operands().first().map(view).unwrap_or_default(); MAX_OPERANDS];
        for (to, term) in views.iter_mut().zip(node.operands()) {
            *to = view(term);
        }
        views
    }

    /// A buffer for a node: its own if rows are kept or it is a number, else one that is free.
    fn take_slot(&mut self, id: usize) -> usize {
        let history = self.history[id];
        let constant = match self.nodes[id].operation {
            Operation::Constant(value) => Some(value.0),
            _ => None,
        };
        let shared = history == 0 && constant.is_none();
        let slot = match self.free.pop() {
            Some(slot) if shared => slot,
            other => {
                self.free.extend(other);
                let tail = (history > 0 && constant.is_none()).then_some(self.n_tail);
                self.n_tail += tail.map_or(0, |_| history);
                self.slots.push(Slot { history, tail, fill: constant.unwrap_or(f64::NAN) });
                self.slots.len() - 1
            }
        };
        self.slot_of[id] = Some(slot);
        slot
    }

    /// The next free pair of registers.
    fn take_register(&mut self) -> usize {
        self.n_registers += 1;
        self.n_registers - 1
    }

    /// After a node's step: appends it to its outputs and frees the buffers that nobody reads any more.
    fn finish(&mut self, id: usize) {
        let slot = self.slot_of[id].expect("the node has just been scheduled");
        for output in std::mem::take(&mut self.emits[id]) {
            let view = View { slot, lag: self.outputs[output].lag as usize };
            self.steps.push(Step::Emit { view, output });
            self.release(id);
        }
        for operand in self.nodes[id].operands() {
            self.release(operand.node as usize);
        }
    }

    /// One reader less; the last one frees a shared buffer.
    fn release(&mut self, id: usize) {
        self.readers[id] -= 1;
        let slot = self.slot_of[id].expect("what is read has been scheduled");
        let shared = self.history[id] == 0 && !matches!(self.nodes[id].operation, Operation::Constant(_));
        if self.readers[id] == 0 && shared {
            self.free.push(slot);
        }
    }
}
