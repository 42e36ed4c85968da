//! The real binary, as people run it.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod audit_stream;
mod config;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod emulate;
#[cfg(test)]
mod emulate_jobs;
#[cfg(test)]
mod encryption_key;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod help;
#[cfg(test)]
mod init;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod installation;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod lost_encryption_key;
mod man;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod one_database;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod order;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod policy_cases;
#[cfg(test)]
mod policy_examples;
#[cfg(test)]
mod policy_matrix;
#[cfg(test)]
mod policy_reload;
#[cfg(test)]
#[cfg(feature = "test-postgres")]
mod postgres;
#[cfg(test)]
mod project;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod revoke;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod start_faults;
#[cfg(test)]
#[cfg(feature = "test-postgres")]
mod start_faults_postgres;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
