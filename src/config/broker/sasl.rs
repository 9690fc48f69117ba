//! SASL mechanisms, OAuth and Kerberos.

use crate::config::definition::Bounds::{Any, Between, Distinct, OneOfAnyCase};
use crate::config::definition::Emptiness::MayBeEmpty;
use crate::config::definition::Importance::{High, Low, Medium};
use crate::config::definition::{ConfigDef, boolean, class, double, int, list, long, password, short, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    list("sasl.enabled.mechanisms", Some("GSSAPI"), Distinct(MayBeEmpty), Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("SASL mechanisms that are offered. GSSAPI, Kafka's default, is not among Ottla's."),
    string("sasl.mechanism.inter.broker.protocol", Some("GSSAPI"), Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("The SASL mechanism between brokers. GSSAPI, Kafka's default, is not among Ottla's."),
    password("sasl.jaas.config", None, Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Login module and its options, in JAAS form."),
    int("sasl.server.max.receive.size", Some("524288"), Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Largest message before and during login (bytes)."),
    class("sasl.server.callback.handler.class", None, Any, Medium)
        .refused(reason::PLUGIN)
        .doc("A class that checks credentials."),
    class("sasl.client.callback.handler.class", None, Any, Medium)
        .refused(reason::PLUGIN)
        .doc("A class that supplies credentials."),
    class("sasl.login.class", None, Any, Medium).refused(reason::PLUGIN).doc("A class that logs in."),
    class("sasl.login.callback.handler.class", None, Any, Medium)
        .refused(reason::PLUGIN)
        .doc("A class that supplies credentials at login."),
    list("sasl.kerberos.principal.to.local.rules", Some("DEFAULT"), Distinct(MayBeEmpty), Medium)
        .per_broker()
        .not_used(reason::KERBEROS)
        .doc("Rules that turn a Kerberos principal into a user."),
    string("sasl.kerberos.service.name", None, Any, Medium)
        .per_broker()
        .not_used(reason::KERBEROS)
        .doc("The Kerberos service."),
    string("sasl.kerberos.kinit.cmd", Some("/usr/bin/kinit"), Any, Medium)
        .per_broker()
        .not_used(reason::KERBEROS)
        .doc("The kinit command."),
    double("sasl.kerberos.ticket.renew.window.factor", Some("0.8"), Any, Medium)
        .per_broker()
        .not_used(reason::KERBEROS)
        .doc("Share of a ticket's life after which it is renewed."),
    double("sasl.kerberos.ticket.renew.jitter", Some("0.05"), Any, Medium)
        .per_broker()
        .not_used(reason::KERBEROS)
        .doc("Random share of that."),
    long("sasl.kerberos.min.time.before.relogin", Some("60000"), Any, Medium)
        .per_broker()
        .not_used(reason::KERBEROS)
        .doc("Shortest time between Kerberos logins (ms)."),
    double("sasl.login.refresh.window.factor", Some("0.8"), Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Share of a credential's life after which it is renewed."),
    double("sasl.login.refresh.window.jitter", Some("0.05"), Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Random share of that."),
    short("sasl.login.refresh.min.period.seconds", Some("60"), Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("Shortest time before a credential is renewed (s)."),
    short("sasl.login.refresh.buffer.seconds", Some("300"), Any, Medium)
        .per_broker()
        .not_yet(reason::SECURITY)
        .doc("How long before its end a credential is renewed at the latest (s)."),
    int("sasl.login.connect.timeout.ms", None, Any, Low)
        .not_yet(reason::SECURITY)
        .doc("How long connecting to the identity provider may take (ms)."),
    int("sasl.login.read.timeout.ms", None, Any, Low)
        .not_yet(reason::SECURITY)
        .doc("How long its answer may take (ms)."),
    long("sasl.login.retry.backoff.max.ms", Some("10000"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("Longest pause between logins at the identity provider (ms)."),
    long("sasl.login.retry.backoff.ms", Some("100"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("First pause between logins at the identity provider (ms)."),
    class(
        "sasl.oauthbearer.jwt.retriever.class",
        Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"),
        Any,
        Medium,
    )
    .refused(reason::PLUGIN)
    .doc("A class that fetches tokens."),
    class(
        "sasl.oauthbearer.jwt.validator.class",
        Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"),
        Any,
        Medium,
    )
    .refused(reason::PLUGIN)
    .doc("A class that checks tokens."),
    string("sasl.oauthbearer.scope", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("The scope asked for when this node fetches a token."),
    string("sasl.oauthbearer.client.credentials.client.id", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("The client id shown when this node fetches a token."),
    password("sasl.oauthbearer.client.credentials.client.secret", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("The secret shown when this node fetches a token."),
    string("sasl.oauthbearer.assertion.algorithm", Some("RS256"), OneOfAnyCase(&["ES256", "RS256"]), Medium)
        .not_yet(reason::SECURITY)
        .doc("How this node's assertions are signed."),
    string("sasl.oauthbearer.assertion.claim.aud", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Audience that this node's assertions name."),
    int("sasl.oauthbearer.assertion.claim.exp.seconds", Some("300"), Between(0, 86_400), Low)
        .not_yet(reason::SECURITY)
        .doc("How long this node's assertions are valid (s)."),
    string("sasl.oauthbearer.assertion.claim.iss", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Issuer that this node's assertions name."),
    boolean("sasl.oauthbearer.assertion.claim.jti.include", Some("false"), Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Whether this node's assertions carry an id of their own."),
    int("sasl.oauthbearer.assertion.claim.nbf.seconds", Some("60"), Between(0, 3600), Low)
        .not_yet(reason::SECURITY)
        .doc("How far back this node's assertions are valid (s)."),
    string("sasl.oauthbearer.assertion.claim.sub", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Subject that this node's assertions name."),
    string("sasl.oauthbearer.assertion.file", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("File with a ready assertion."),
    string("sasl.oauthbearer.assertion.private.key.file", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("File with the key that signs assertions."),
    password("sasl.oauthbearer.assertion.private.key.passphrase", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Password of that key."),
    string("sasl.oauthbearer.assertion.template.file", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("File with fixed parts of the assertions."),
    string("sasl.oauthbearer.scope.claim.name", Some("scope"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("The claim that holds a token's scope."),
    string("sasl.oauthbearer.sub.claim.name", Some("sub"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("The claim that holds a token's subject."),
    string("sasl.oauthbearer.token.endpoint.url", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Where this node fetches tokens."),
    string("sasl.oauthbearer.jwks.endpoint.url", None, Any, Medium)
        .not_yet(reason::SECURITY)
        .doc("Where the keys that sign tokens are published."),
    long("sasl.oauthbearer.jwks.endpoint.refresh.ms", Some("3600000"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("How often those keys are fetched again (ms)."),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Some("100"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("First pause when they cannot be fetched (ms)."),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Some("10000"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("Longest pause when they cannot be fetched (ms)."),
    int("sasl.oauthbearer.clock.skew.seconds", Some("30"), Any, Low)
        .not_yet(reason::SECURITY)
        .doc("Difference of clocks that is forgiven (s)."),
    list("sasl.oauthbearer.expected.audience", Some(""), Distinct(MayBeEmpty), High)
        .not_yet(reason::SECURITY)
        .doc("Audiences that a token may name."),
    string("sasl.oauthbearer.expected.issuer", None, Any, High)
        .not_yet(reason::SECURITY)
        .doc("The issuer that a token must name."),
];
