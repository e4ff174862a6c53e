//! Media in a bucket of an S3 server, through the `object_store` library. Every hub on one database may use the same
//! bucket: a blob is written only where it is not there yet, and whoever writes it writes the same.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{
    Certificate, ClientOptions, Error as ObjectError, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutPayload, RetryConfig,
};
use thiserror::Error;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::blob::{BlobError, failed};

/// A blob of more bytes is sent in parts of so many: bounds the memory of an upload.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Longest time that a single request may take.
const REQUEST_MAX: Duration = Duration::from_secs(60);

/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A request that failed for the server's sake is sent again as often, within the time below.
const RETRIES: usize = 3;

const RETRY_MAX: Duration = Duration::from_secs(20);

/// How a bucket is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketConfig {
    /// The server, such as `https://s3.example.vn`; nothing for Amazon's own.
    pub endpoint: Option<String>,
    /// The bucket, which has to be there.
    pub bucket: String,
    /// The region; servers other than Amazon's mostly take any.
    pub region: String,
    /// What names in the bucket begin with; empty for nothing.
    pub prefix: String,
    /// Whether the bucket's name stands in the path of addresses, and not in the name of the host.
    pub path_style: bool,
    /// The access key's name.
    pub access_key_id: String,
    /// The secret key.
    pub secret_access_key: String,
    /// The session's token, where the key is a temporary one.
    pub session_token: Option<String>,
    /// A file with the authority of the server's certificate; nothing for those that this machine trusts.
    pub ca_file: Option<PathBuf>,
}

/// Without the secrets.
impl fmt::Debug for BucketConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketConfig")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("prefix", &self.prefix)
            .field("path_style", &self.path_style)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// `s3://BUCKET/PREFIX at SERVER`.
impl fmt::Display for BucketConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.endpoint.as_deref().unwrap_or("Amazon S3");
        write!(f, "s3://{}/{} at {server}", self.bucket, self.prefix)
    }
}

/// Why a bucket cannot be described so. Nothing was asked of the server.
#[derive(Debug, Error)]
pub enum BucketError {
    /// The file of the authority cannot be used.
    #[error("cannot read certificates of the S3 server's authority from \"{}\"", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The library refuses it.
    #[error("the bucket {bucket} cannot be used as it is configured")]
    Refused {
        /// The bucket.
        bucket: String,
        /// Why.
        #[source]
        source: Box<ObjectError>,
    },
}

/// A bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    objects: AmazonS3,
    config: BucketConfig,
}

impl Bucket {
    pub(crate) fn open(config: &BucketConfig) -> Result<Self, BucketError> {
        // The client asks for the process's own; another that was installed before is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_http = config.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut client =
            ClientOptions::new().with_timeout(REQUEST_MAX).with_connect_timeout(CONNECT_MAX).with_allow_http(is_http);
        if let Some(path) = &config.ca_file {
            let failed = |source| BucketError::Authority { path: path.clone(), source };
            let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.into()))?;
            if certificates.is_empty() {
                return Err(failed("it holds no certificate".into()));
            }
            for certificate in certificates {
                client = client.with_root_certificate(certificate);
            }
        }
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_MAX, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_virtual_hosted_style_request(!config.path_style)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(&config.secret_access_key)
            // One by one: not every server takes many at once.
            .with_disable_bulk_delete(true)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(token) = &config.session_token {
            builder = builder.with_token(token);
        }
        let refused = |source| BucketError::Refused { bucket: config.to_string(), source: Box::new(source) };
        Ok(Self { objects: builder.build().map_err(refused)?, config: config.clone() })
    }

    fn key(&self, below: &str) -> Key {
        let prefix = self.config.prefix.trim_matches('/');
        Key::from(if prefix.is_empty() { below.to_owned() } else { format!("{prefix}/{below}") })
    }

    fn refused(&self, doing: &'static str) -> impl Fn(ObjectError) -> BlobError {
        move |source| {
            let why = self.why(&source);
            BlobError::Bucket { doing, bucket: self.config.to_string(), why, source: Box::new(source) }
        }
    }

    /// What is wrong, by the codes of S3 (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
    fn why(&self, error: &ObjectError) -> String {
        let text = in_words(error);
        let says = |code: &str| text.contains(code);
        let BucketConfig { bucket, region, access_key_id, .. } = &self.config;
        if says("NoSuchBucket") {
            format!("there is no bucket \"{bucket}\": make it, or correct its name")
        } else if says("InvalidAccessKeyId") || says("NotSignedUp") {
            format!("the server does not know the access key \"{access_key_id}\"")
        } else if says("SignatureDoesNotMatch") {
            format!("the secret key is not the one of the access key \"{access_key_id}\"")
        } else if says("RequestTimeTooSkewed") {
            "the clock of this machine and the server's lie too far apart: set this one by a time service".to_owned()
        } else if says("AuthorizationHeaderMalformed") || says("PermanentRedirect") || says("without LOCATION") {
            format!("the bucket is in another region than \"{region}\"")
        } else if says("AccessDenied") || matches!(error, ObjectError::PermissionDenied { .. }) {
            format!("the access key \"{access_key_id}\" has no right to this: it needs to get, put and delete objects")
        } else if matches!(error, ObjectError::Unauthenticated { .. }) {
            format!("the server does not let the access key \"{access_key_id}\" in")
        } else if says("dns error") || says("lookup") {
            "the name of the server is not known: correct the endpoint".to_owned()
        } else if says("Connect") || says("error sending request") || says("timed out") {
            "the server does not answer: is the endpoint right, and is the way to it open?".to_owned()
        } else {
            "the server refuses".to_owned()
        }
    }

    pub(crate) async fn put(&self, below: &str, path: &Path, bytes: u64) -> Result<(), BlobError> {
        let key = self.key(below);
        let mut file = File::open(path).await.map_err(failed(path))?;
        if bytes <= PART_BYTES as u64 {
            let mut content = Vec::new();
            file.read_to_end(&mut content).await.map_err(failed(path))?;
            return self.put_whole(&key, below, content).await;
        }
        if self.bytes(below).await? == Some(bytes) {
            return Ok(());
        }
        let mut upload = self.objects.put_multipart(&key).await.map_err(self.refused("write"))?;
        let sent = self.send_parts(&mut file, path, upload.as_mut()).await;
        if sent.is_err() {
            // The server forgets parts that are left, where its bucket says so; here it is only asked to.
            let _ = upload.abort().await;
        }
        sent
    }

    async fn put_whole(&self, key: &Key, below: &str, content: Vec<u8>) -> Result<(), BlobError> {
        let bytes = content.len() as u64;
        let payload = PutPayload::from(content);
        let if_absent = PutOptions::from(PutMode::Create);
        match self.objects.put_opts(key, payload.clone(), if_absent).await {
            Ok(_) => return Ok(()),
            Err(ObjectError::AlreadyExists { .. } | ObjectError::Precondition { .. }) => {
                // Another hub was first; what has another length is no whole blob.
                if self.bytes(below).await? == Some(bytes) {
                    return Ok(());
                }
            }
            // Not every server knows conditions: then the same is written over the same.
            Err(ObjectError::NotImplemented { .. } | ObjectError::NotSupported { .. }) => {}
            Err(error) => return Err(self.refused("write")(error)),
        }
        self.objects.put(key, payload).await.map(drop).map_err(self.refused("write"))
    }

    async fn send_parts(
        &self,
        file: &mut File,
        path: &Path,
        upload: &mut dyn MultipartUpload,
    ) -> Result<(), BlobError> {
        loop {
            let mut part = Vec::with_capacity(PART_BYTES);
            let taken = (&mut *file).take(PART_BYTES as u64).read_to_end(&mut part).await.map_err(failed(path))?;
            if taken == 0 {
                break;
            }
            upload.put_part(PutPayload::from(part)).await.map_err(self.refused("write"))?;
        }
        upload.complete().await.map(drop).map_err(self.refused("write"))
    }

    pub(crate) async fn bytes(&self, below: &str) -> Result<Option<u64>, BlobError> {
        match self.objects.head(&self.key(below)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(ObjectError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.refused("find")(error)),
        }
    }

    pub(crate) async fn read(&self, below: &str) -> Result<Option<Vec<u8>>, BlobError> {
        let found = match self.objects.get(&self.key(below)).await {
            Ok(found) => found,
            Err(error @ ObjectError::NotFound { .. }) if !error.to_string().contains("NoSuchBucket") => {
                return Ok(None);
            }
            Err(error) => return Err(self.refused("read")(error)),
        };
        Ok(Some(found.bytes().await.map_err(self.refused("read"))?.into()))
    }

    pub(crate) async fn remove(&self, below: &str) -> Result<(), BlobError> {
        match self.objects.delete(&self.key(below)).await {
            Ok(()) | Err(ObjectError::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.refused("delete")(error)),
        }
    }

    pub(crate) async fn probe(&self) -> Result<(), BlobError> {
        let key = self.key(&format!("probe/{}", std::process::id()));
        self.objects.put(&key, PutPayload::from_static(b"probe")).await.map_err(self.refused("write"))?;
        let found = self.objects.get(&key).await.map_err(self.refused("read"))?;
        found.bytes().await.map_err(self.refused("read"))?;
        self.objects.delete(&key).await.map_err(self.refused("delete"))
    }
}

/// An error with its causes on one line.
fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_told_with_what_to_do() {
        let config = BucketConfig {
            endpoint: Some("https://s3.example.vn".to_owned()),
            bucket: "media".to_owned(),
            region: "us-east-1".to_owned(),
            prefix: "/hub/".to_owned(),
            path_style: true,
            access_key_id: "hub".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
            ca_file: None,
        };
        let bucket = Bucket::open(&config).expect("nothing is asked of the server");
        assert_eq!(bucket.key("ab/abc").as_ref(), "hub/ab/abc");
        for (said, told) in [
            ("<Code>RequestTimeTooSkewed</Code>", "set this one by a time service"),
            ("<Code>NoSuchBucket</Code>", "there is no bucket \"media\""),
            ("<Code>AccessDenied</Code>", "to get, put and delete objects"),
            ("<Code>AuthorizationHeaderMalformed</Code>", "in another region than \"us-east-1\""),
            ("client error (Connect): dns error: no such host", "the name of the server is not known"),
            ("error sending request: operation timed out", "the server does not answer"),
            ("<Code>SlowDown</Code>", "the server refuses"),
        ] {
            let error = bucket.refused("write")(ObjectError::Generic { store: "S3", source: said.into() });
            assert!(error.to_string().contains(told), "{said}: {error}");
        }
    }
}
