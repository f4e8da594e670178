mod available;
mod policy;
mod steps;
