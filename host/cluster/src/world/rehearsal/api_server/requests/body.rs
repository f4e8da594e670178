//! Bodies of requests.
use super::ApiCall;
use crate::world::rehearsal::api_server::{
    protobuf,
    status::{ApiError, ApiResult},
};
use serde_json::Value;

/// Parses a body as JSON or protobuf.
///
/// # Errors
/// `UnsupportedMediaType` if the body is not JSON, or not of a kind that is read as protobuf.
pub fn parse_body(call: &ApiCall) -> ApiResult<Value> {
    if call.content_type.starts_with(protobuf::MEDIA_TYPE) {
        return protobuf::decode(&call.body).ok_or_else(|| {
            ApiError::unsupported_media_type(
                "this server does not read this kind of object as protobuf; send JSON",
            )
        });
    }
    serde_json::from_slice(&call.body).map_err(|_| {
        ApiError::unsupported_media_type(
            "the body of the request is not JSON; this server speaks JSON",
        )
    })
}
