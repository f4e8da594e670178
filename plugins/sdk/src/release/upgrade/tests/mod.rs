mod available;
mod policy;
