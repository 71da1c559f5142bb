//! The settings of webhooks.

use std::path::PathBuf;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::http::network;

/// To whom webhooks are sent.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookSettings {
    /// Networks of your own in which webhooks may have receivers, such as 10.0.0.0/8 or 127.0.0.1, separated by commas;
    /// anywhere else only public addresses are connected to; for demo and --ephemeral this machine unless given
    #[arg(long, env = "BOXOFFICE_WEBHOOK_NETWORKS", value_delimiter = ',', value_parser = network, value_name = "NETWORK")]
    pub webhook_networks: Vec<IpNet>,
    /// Trust the certificate authorities of this file (PEM) too, for receivers whose address begins with https
    #[arg(long, env = "BOXOFFICE_WEBHOOK_CA", value_name = "FILE")]
    pub webhook_ca: Option<PathBuf>,
}

impl WebhookSettings {
    /// Allows receivers on this machine, unless networks are given.
    pub(super) fn or_loopback(&mut self) {
        if self.webhook_networks.is_empty() {
            let this_machine =
                (Ipv4Net::new(std::net::Ipv4Addr::LOCALHOST, 8), Ipv6Net::new(std::net::Ipv6Addr::LOCALHOST, 128));
            if let (Ok(v4), Ok(v6)) = this_machine {
                self.webhook_networks = vec![v4.into(), v6.into()];
            }
        }
    }
}
