//! Authentication: API keys for signaling servers, short-lived tokens for clients.
//!
//! Both are HS256 JWTs signed with the secret of an API key, told apart by their audience, so that a client's
//! token never opens the control plane and an API token never joins a room. Several keys are valid at once:
//! to rotate, add the new one, move the signers over, take the old one away. An error reveals no more on a
//! refused token than its holder can mend.

mod certificate;
mod claims;
mod keys;
mod scope;
mod verified;

use std::{borrow::Cow, collections::BTreeMap, fmt};

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation,
    dangerous::insecure_decode_claims, decode, decode_header, encode, errors::ErrorKind,
};
use serde::{Serialize, de::DeserializeOwned};
use sideroom_control::{Actor, KeyId};

pub use certificate::{CertificateName, NamedCertificate, ShownCertificate};
pub(crate) use claims::rights_of;
pub use claims::{ApiClaims, ClientClaims, GrantClaims, MAX_NAME_BYTES, RoleClaim};
pub use keys::Keys;
pub use scope::Scope;
use verified::VerifiedTokens;

use crate::error::ApiError;

/// The audience of the tokens that clients join with.
pub const CLIENT_AUDIENCE: &str = "sideroom-client";
/// The audience of the tokens that signaling servers call with.
pub const API_AUDIENCE: &str = "sideroom-api";
/// A secret shorter than this is refused: HS256 wants as many bytes as its hash has (RFC 7518 section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;
/// The longest that a client token may be used to join.
pub const MAX_CLIENT_TOKEN_S: u64 = 24 * 3600;
/// The longest life that an API token may have left, unless the configuration says otherwise.
pub const MAX_API_TOKEN_S: u64 = 24 * 3600;
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A key of a signaling server.
#[derive(Clone)]
pub struct ApiKey {
    /// The key's public id: the `kid` of tokens signed with the key.
    pub id: String,
    /// The secret that signs its tokens; at least [`MIN_SECRET_BYTES`].
    pub secret: String,
    pub scopes: Vec<Scope>,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, scopes, .. } = self;
        write!(f, "ApiKey({id}, {scopes:?}, secret hidden)")
    }
}

/// A signaling server that has shown a valid token or a named certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operator {
    /// The id of its key or certificate.
    pub key_id: String,
    /// The scopes that the key and the token have in common, or those of the certificate.
    pub scopes: Vec<Scope>,
}

impl Operator {
    /// The key as an actor: its request ids are its own, and the journal names it.
    pub fn actor(&self) -> Result<Actor, ApiError> {
        Ok(Actor::Key(KeyId::new(&self.key_id)?))
    }

    /// An error that names the scope if it is missing.
    pub fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(ApiError::PermissionDenied(format!(
            "This API token or certificate lacks the scope `{}`.",
            scope.name()
        )))
    }
}

/// A verified token: an API key's or a client's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bearer {
    /// A signaling server.
    Operator(Operator),
    /// A client, in one room.
    Client(Box<ClientClaims>),
}

/// A set of keys that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The secret is too short.
    #[error(
        "the secret of API key `{0}` is shorter than {MIN_SECRET_BYTES} bytes; make one with `openssl rand -base64 32`"
    )]
    SecretTooShort(String),
    /// Two keys or certificates have one id.
    #[error("there are two API keys or certificates `{0}`; give each an id of its own")]
    Twice(String),
    /// The id does not fit a journal.
    #[error(
        "the id of the API key or certificate `{0}` has more than 64 bytes; give it a shorter one"
    )]
    IdTooLong(String),
    /// No key of this id.
    #[error("there is no API key `{0}`")]
    Unknown(String),
    /// The token could not be signed.
    #[error("the token could not be signed: {0}")]
    Signing(String),
}

struct Signer {
    scopes: Vec<Scope>,
    /// Tells whether the secret has changed, and nothing else about it.
    secret_sha256: Vec<u8>,
    decoding: DecodingKey,
    encoding: EncodingKey,
}

/// Rules for every token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenRules {
    /// How far a signer's clock may differ from ours.
    pub clock_skew_s: u64,
    /// The longest life that a client token may have left.
    pub max_client_life_s: u64,
    /// The longest life that an API token may have left.
    pub max_api_life_s: u64,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            clock_skew_s: 30,
            max_client_life_s: MAX_CLIENT_TOKEN_S,
            max_api_life_s: MAX_API_TOKEN_S,
        }
    }
}

/// The content of an API token with a right signature. Its times are checked each time that it comes.
struct VerifiedApi {
    operator: Operator,
    claims: ApiClaims,
}

/// Keys and certificates of signaling servers.
pub struct Keyring {
    signers: BTreeMap<String, Signer>,
    certificates: Vec<NamedCertificate>,
    rules: TokenRules,
    verified: VerifiedTokens<VerifiedApi>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.signers.keys()).finish()
    }
}

impl Keyring {
    /// A ring of these keys.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Result<Self, KeyError> {
        Self::with_rules(keys, TokenRules::default())
    }

    /// A ring of these keys, with rules for their tokens.
    pub fn with_rules(
        keys: impl IntoIterator<Item = ApiKey>,
        rules: TokenRules,
    ) -> Result<Self, KeyError> {
        let mut signers = BTreeMap::new();
        for ApiKey { id, secret, scopes } in keys {
            if secret.len() < MIN_SECRET_BYTES {
                return Err(KeyError::SecretTooShort(id));
            }
            if KeyId::new(&id).is_err() {
                return Err(KeyError::IdTooLong(id));
            }
            let signer = Signer {
                scopes,
                secret_sha256: digest(&SHA256, secret.as_bytes()).as_ref().to_vec(),
                decoding: DecodingKey::from_secret(secret.as_bytes()),
                encoding: EncodingKey::from_secret(secret.as_bytes()),
            };
            if signers.insert(id.clone(), signer).is_some() {
                return Err(KeyError::Twice(id));
            }
        }
        Ok(Self {
            signers,
            certificates: Vec::new(),
            rules,
            verified: VerifiedTokens::new(),
        })
    }

    /// The rules that every token is held to.
    pub const fn rules(&self) -> TokenRules {
        self.rules
    }

    /// The first key that may mint client tokens, if there is one.
    pub fn minting_key(&self) -> Option<&str> {
        let mut able = self
            .signers
            .iter()
            .filter(|(_, signer)| signer.scopes.contains(&Scope::Tokens));
        able.next().map(|(id, _)| id.as_str())
    }

    /// Signs a client token.
    pub fn mint_client(&self, key_id: &str, claims: &ClientClaims) -> Result<String, KeyError> {
        self.sign(key_id, claims)
    }

    /// Signs an API token.
    pub fn mint_api(&self, key_id: &str, claims: &ApiClaims) -> Result<String, KeyError> {
        self.sign(key_id, claims)
    }

    /// Verifies a token of either kind.
    pub fn verify(&self, token: &str, now_s: u64) -> Result<Bearer, ApiError> {
        if let Some(known) = self.known(token, now_s) {
            return known.map(Bearer::Operator);
        }
        match decode_header_of(token)?.typ.as_deref() {
            Some(CLIENT_AUDIENCE) => self
                .verify_client(token, now_s)
                .map(Box::new)
                .map(Bearer::Client),
            Some(API_AUDIENCE) => self.verify_api(token, now_s).map(Bearer::Operator),
            // The type is only a hint that other signers may leave out; the audience decides.
            _ => match self.verify_api(token, now_s) {
                Ok(operator) => Ok(Bearer::Operator(operator)),
                Err(_) => self
                    .verify_client(token, now_s)
                    .map(Box::new)
                    .map(Bearer::Client),
            },
        }
    }

    /// Verifies a client token at `now_s` (seconds since the Unix epoch).
    pub fn verify_client(&self, token: &str, now_s: u64) -> Result<ClientClaims, ApiError> {
        let ((_, signer), claims): (_, ClientClaims) = self.checked(token, CLIENT_AUDIENCE)?;
        self.check_times(claims.exp, claims.nbf, now_s)?;
        let longest = self.rules.max_client_life_s;
        self.check_life(claims.exp, now_s, longest).map_err(|()| {
            refused("the token lives longer than auth.max_token_life_s allows; sign a shorter one")
        })?;
        if !signer.scopes.contains(&Scope::Tokens) {
            return Err(refused(
                "the key that signed this token may not sign client tokens",
            ));
        }
        claims.check_names().map_err(refused)?;
        Ok(claims)
    }

    /// Verifies an API token, and returns the signaling server that signed it.
    pub fn verify_api(&self, token: &str, now_s: u64) -> Result<Operator, ApiError> {
        if let Some(known) = self.known(token, now_s) {
            return known;
        }
        let ((key_id, signer), claims): (_, ApiClaims) = self.checked(token, API_AUDIENCE)?;
        self.check_api_times(&claims, now_s)?;
        let granted = |scope: &Scope| match &claims.scopes {
            Some(names) => names.iter().any(|name| name == scope.name()),
            None => true,
        };
        let operator = Operator {
            key_id,
            scopes: signer.scopes.iter().copied().filter(granted).collect(),
        };
        let known = VerifiedApi {
            operator: operator.clone(),
            claims,
        };
        self.verified.keep(token, known);
        Ok(operator)
    }

    /// The signer of a token whose signature was found right before.
    fn known(&self, token: &str, now_s: u64) -> Option<Result<Operator, ApiError>> {
        let known = self.verified.find(token)?;
        let valid = self.check_api_times(&known.claims, now_s);
        Some(valid.map(|()| known.operator.clone()))
    }

    fn check_api_times(&self, claims: &ApiClaims, now_s: u64) -> Result<(), ApiError> {
        self.check_times(claims.exp, claims.nbf, now_s)?;
        let longest = self.rules.max_api_life_s;
        self.check_life(claims.exp, now_s, longest).map_err(|()| {
            refused(
                "the token lives longer than auth.max_api_token_life_s allows; sign a shorter one",
            )
        })
    }

    fn check_times(&self, exp: u64, nbf: Option<u64>, now_s: u64) -> Result<(), ApiError> {
        let skew = self.rules.clock_skew_s;
        if exp.saturating_add(skew) < now_s {
            return Err(refused("the token has expired; ask for a new one"));
        }
        if nbf.is_some_and(|nbf| nbf > now_s.saturating_add(skew)) {
            return Err(refused("the token is not valid yet; check the clocks"));
        }
        Ok(())
    }

    fn check_life(&self, exp: u64, now_s: u64, longest_s: u64) -> Result<(), ()> {
        let latest = now_s
            .saturating_add(longest_s)
            .saturating_add(self.rules.clock_skew_s);
        if exp > latest { Err(()) } else { Ok(()) }
    }

    fn sign(&self, key_id: &str, claims: &impl Claims) -> Result<String, KeyError> {
        let signer = self
            .signers
            .get(key_id)
            .ok_or_else(|| KeyError::Unknown(key_id.to_owned()))?;
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key_id.to_owned());
        header.typ = Some(claims.audience().to_owned());
        encode(&header, claims, &signer.encoding).map_err(|e| KeyError::Signing(e.to_string()))
    }

    /// The claims of a token with a valid signature and audience. The caller checks the times.
    fn checked<C: DeserializeOwned>(
        &self,
        token: &str,
        audience: &str,
    ) -> Result<((String, &Signer), C), ApiError> {
        let key_id = key_id_of(token)?;
        let signer = self
            .signers
            .get(&key_id)
            .ok_or_else(|| refused("the key that signed this token is not valid here"))?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.set_audience(&[audience]);
        let TokenData { claims, .. } = decode(token, &signer.decoding, &validation)
            .map_err(|e| refused(reason_of(e.kind())))?;
        Ok(((key_id, signer), claims))
    }
}

trait Claims: Serialize {
    fn audience(&self) -> &str;
}

impl Claims for ClientClaims {
    fn audience(&self) -> &str {
        CLIENT_AUDIENCE
    }
}

impl Claims for ApiClaims {
    fn audience(&self) -> &str {
        API_AUDIENCE
    }
}

fn decode_header_of(token: &str) -> Result<Header, ApiError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(refused("the token is too long"));
    }
    decode_header(token).map_err(|_| refused("this is not a token"))
}

/// The key that the token names: in its header, or as its issuer. Nothing is believed yet.
fn key_id_of(token: &str) -> Result<String, ApiError> {
    #[derive(serde::Deserialize)]
    struct Issuer {
        iss: String,
    }
    if let Some(kid) = decode_header_of(token)?.kid {
        return Ok(kid);
    }
    let issuer: Result<Issuer, _> = insecure_decode_claims(token);
    issuer
        .map(|claims| claims.iss)
        .map_err(|_| refused("the token names no key (`kid` in its header, or `iss`)"))
}

const fn refused(why: &'static str) -> ApiError {
    ApiError::Unauthenticated(Cow::Borrowed(why))
}

fn reason_of(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "the signature does not fit",
        ErrorKind::InvalidAudience => "the token is for another purpose (`aud`)",
        ErrorKind::MissingRequiredClaim(_) => "the token lacks `exp` or `aud`",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "only HS256 is accepted",
        _ => "this is not a token that we can read",
    }
}

#[cfg(test)]
mod tests;
