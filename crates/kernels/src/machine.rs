//! Runs a plan: blocks of rows in, results appended, a small state kept in between.
//!
//! The state of a series is a flat list of numbers: the last rows of the nodes that are read some rows ago, and the
//! carried numbers of recurrences. The buffers of a block live in a [`Workspace`] that any number of series can share
//! one after the other.

use std::sync::Arc;

use crate::maps;
use crate::operation::Operation;
use crate::plan::{LaneStep, Plan, Step, View};
use crate::recurrence::{self, LANES, REGISTERS};

/// Rows worked on at a time. A block of each buffer is 8 kB: the few a step touches stay in the first-level cache,
/// those of a program with hundreds of nodes in the second.
const BLOCK: usize = 1024;

/// All that one series carries from one update to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The last rows of the buffers that keep some.
    tails: Vec<f64>,
    /// Carried numbers of the exponential means.
    registers: Vec<[f64; REGISTERS]>,
    /// Carried numbers of the other recurrences.
    carried: Vec<f64>,
}

/// Buffers to work in. Holds nothing between updates, so it may serve many states of one plan.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// One per slot of the plan: kept rows, then the block.
    buffers: Vec<Vec<f64>>,
    /// Room for sorting a window.
    sorted: Vec<f64>,
}

impl State {
    /// A series before its first row.
    pub fn new(plan: &Plan) -> Self {
        Self {
            tails: vec![f64::NAN; plan.n_tail],
            registers: vec![[0.0; REGISTERS]; plan.n_registers],
            carried: vec![0.0; plan.n_carried],
        }
    }

    /// All that is carried as one list of [`Plan::state_len`] numbers, to be stored. Bits count: among them are missing
    /// values.
    pub fn numbers(&self) -> Vec<f64> {
        let registers = self.registers.iter().flatten();
        self.tails.iter().chain(registers).chain(&self.carried).copied().collect()
    }

    /// The state that [`Self::numbers`] gave for the same plan; `None` if their count is another plan's.
    pub fn from_numbers(plan: &Plan, numbers: &[f64]) -> Option<Self> {
        if numbers.len() != plan.state_len() {
            return None;
        }
        let (tails, rest) = numbers.split_at(plan.n_tail);
        let (registers, carried) = rest.split_at(plan.n_registers * REGISTERS);
        let registers = registers.chunks_exact(REGISTERS).map(|pair| [pair[0], pair[1]]).collect();
        Some(Self { tails: tails.to_vec(), registers, carried: carried.to_vec() })
    }
}

impl Workspace {
    /// Buffers for a plan.
    pub fn new(plan: &Plan) -> Self {
        let buffers = plan.slots.iter().map(|slot| vec![slot.fill; slot.history + BLOCK]).collect();
        Self { buffers, sorted: Vec::new() }
    }
}

/// A plan with the state of one series.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What to do.
    plan: Arc<Plan>,
    /// What is carried.
    state: State,
    /// Where it is done.
    workspace: Workspace,
}

impl Machine {
    /// A machine before its first row.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { state: State::new(&plan), workspace: Workspace::new(&plan), plan }
    }

    /// Feeds the next rows; see [`Plan::advance`].
    ///
    /// # Panics
    /// As [`Plan::advance`].
    pub fn update(&mut self, inputs: &[&[f64]], outputs: &mut [Vec<f64>]) {
        self.plan.advance(&mut self.state, &mut self.workspace, inputs, outputs);
    }
}

impl Plan {
    /// Feeds the next rows of a series, one slice per input column, and appends one value per row to each output; a
    /// value that cannot be computed is NaN. The results are the same bits however the rows are cut.
    ///
    /// # Panics
    /// If columns or outputs are fewer than the plan's, columns differ in length, or state and workspace belong to
    /// another plan.
    pub fn advance(&self, state: &mut State, workspace: &mut Workspace, inputs: &[&[f64]], outputs: &mut [Vec<f64>]) {
        assert!(inputs.len() >= self.n_inputs, "one slice per input column");
        assert!(outputs.len() >= self.n_outputs, "one vector per output");
        assert!(state.tails.len() == self.n_tail && workspace.buffers.len() == self.slots.len(), "of the same plan");
        let n_rows = inputs.first().map_or(0, |column| column.len());
        assert!(inputs.iter().all(|column| column.len() == n_rows), "columns of one length");
        for begin in (0..n_rows).step_by(BLOCK) {
            let end = n_rows.min(begin + BLOCK);
            self.restore(state, workspace);
            let mut block = Block { plan: self, state, workspace, n: end - begin };
            for step in &self.steps {
                match *step {
                    Step::Load { column, slot } => block.load(slot, &inputs[column][begin..end]),
                    Step::Emit { view, output } => maps::append_clean(&mut outputs[output], block.view(view)),
                    ref step => block.run(step),
                }
            }
            self.keep(state, workspace, end - begin);
        }
    }

    /// Puts the kept rows in front of the block.
    fn restore(&self, state: &State, workspace: &mut Workspace) {
        for (slot, buffer) in self.slots.iter().zip(&mut workspace.buffers) {
            if let Some(tail) = slot.tail {
                buffer[..slot.history].copy_from_slice(&state.tails[tail..tail + slot.history]);
            }
        }
    }

    /// Takes the last rows of kept rows and block together.
    fn keep(&self, state: &mut State, workspace: &Workspace, n: usize) {
        for (slot, buffer) in self.slots.iter().zip(&workspace.buffers) {
            if let Some(tail) = slot.tail {
                state.tails[tail..tail + slot.history].copy_from_slice(&buffer[n..n + slot.history]);
            }
        }
    }
}

/// One block of rows at work.
struct Block<'a> {
    /// What to do.
    plan: &'a Plan,
    /// What is carried.
    state: &'a mut State,
    /// Where it is done.
    workspace: &'a mut Workspace,
    /// Rows in the block.
    n: usize,
}

impl Block<'_> {
    /// The block's rows of a buffer, as many rows ago as the view says.
    fn view(&self, view: View) -> &[f64] {
        let begin = self.plan.slots[view.slot].history - view.lag;
        &self.workspace.buffers[view.slot][begin..begin + self.n]
    }

    /// The rows of a view with `reach` rows before them.
    fn view_from(&self, view: View, reach: usize) -> &[f64] {
        let begin = self.plan.slots[view.slot].history - view.lag - reach;
        &self.workspace.buffers[view.slot][begin..begin + reach + self.n]
    }

    /// Takes a buffer out, so that it can be written while others are read. It must be put back.
    fn take(&mut self, slot: usize) -> Vec<f64> {
        std::mem::take(&mut self.workspace.buffers[slot])
    }

    /// Puts a buffer back.
    fn put(&mut self, slot: usize, buffer: Vec<f64>) {
        self.workspace.buffers[slot] = buffer;
    }

    /// Where the block's rows lie in a buffer.
    fn rows(&self, slot: usize) -> std::ops::Range<usize> {
        let begin = self.plan.slots[slot].history;
        begin..begin + self.n
    }

    /// Copies an input column.
    fn load(&mut self, slot: usize, values: &[f64]) {
        let rows = self.rows(slot);
        maps::copy_clean(&mut self.workspace.buffers[slot][rows], values);
    }

    /// Runs a step that neither loads nor emits.
    fn run(&mut self, step: &Step) {
        match *step {
            Step::Compute { operation, operands, slot } => {
                let mut buffer = self.take(slot);
                let rows = self.rows(slot);
                self.compute(operation, operands, &mut buffer[rows]);
                self.put(slot, buffer);
            }
            Step::Exponential(lane) => {
                let mut buffer = self.take(lane.slot);
                let out = &mut buffer[self.rows(lane.slot)];
                let mut carried = self.state.registers[lane.register];
                recurrence::exponential(lane.lane, &mut carried, self.view(lane.input), out);
                self.state.registers[lane.register] = carried;
                self.put(lane.slot, buffer);
            }
            Step::ExponentialLanes(lanes) => self.run_lanes(&lanes),
            Step::Recur { recurrence, operands, slot, carried } => {
                let mut buffer = self.take(slot);
                let out = &mut buffer[self.rows(slot)];
                let mut numbers = std::mem::take(&mut self.state.carried);
                let own = &mut numbers[carried..carried + recurrence.n_carried()];
                recurrence.run(own, operands.map(|operand| self.view(operand)), out);
                self.state.carried = numbers;
                self.put(slot, buffer);
            }
            Step::Load { .. } | Step::Emit { .. } => unreachable!("loads and emits need the caller's slices"),
        }
    }

    /// Runs an operation without carried numbers.
    fn compute(&mut self, operation: Operation, operands: [View; 4], out: &mut [f64]) {
        match operation {
            Operation::Rank(rank) => rank.run(self.view_from(operands[0], rank.window as usize - 1), out),
            Operation::Quantile(quantile) => {
                let mut sorted = std::mem::take(&mut self.workspace.sorted);
                quantile.run(self.view_from(operands[0], quantile.window as usize - 1), out, &mut sorted);
                self.workspace.sorted = sorted;
            }
            Operation::Dispersion(dispersion) => {
                dispersion.run(self.view_from(operands[0], dispersion.window as usize - 1), out);
            }
            Operation::Window(on) => {
                on.run(operands.map(|operand| self.view_from(operand, on.window as usize - 1)), out);
            }
            operation => {
                let [a, b, c, d] = operands;
                maps::run(operation, out, [self.view(a), self.view(b), self.view(c), self.view(d)]);
            }
        }
    }

    /// Runs exponential means side by side.
    fn run_lanes(&mut self, lanes: &[LaneStep; LANES]) {
        let mut buffers = lanes.map(|lane| self.take(lane.slot));
        let mut carried = lanes.map(|lane| self.state.registers[lane.register]);
        let [out0, out1, out2, out3] = &mut buffers;
        recurrence::exponential_lanes(
            lanes.map(|lane| lane.lane),
            &mut carried,
            lanes.map(|lane| self.view(lane.input)),
            [
                &mut out0[self.rows(lanes[0].slot)],
                &mut out1[self.rows(lanes[1].slot)],
                &mut out2[self.rows(lanes[2].slot)],
                &mut out3[self.rows(lanes[3].slot)],
            ],
        );
        for ((lane, buffer), carried) in lanes.iter().zip(buffers).zip(carried) {
            self.put(lane.slot, buffer);
            self.state.registers[lane.register] = carried;
        }
    }
}
