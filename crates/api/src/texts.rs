//! What errors say in Chinese, by their codes. In English they say what the error itself says.

/// The text of a code in Chinese, in traditional characters; none for a code without a text.
pub fn chinese(code: &str) -> Option<&'static str> {
    let found = CHINESE.binary_search_by_key(&code, |(code, _)| code);
    found.ok().map(|index| CHINESE[index].1)
}

/// Every code with its text, by code.
const CHINESE: &[(&str, &str)] = &[
    ("admin_required", "需要管理員權限"),
    ("answer_not_kept", "這項要求已經完成，但當時的版本已不再保存"),
    ("authorization_required", "請先登入"),
    ("bad_body", "資料沒有完整送達，請再試一次"),
    ("bad_condition", "If-Match 或 If-None-Match 的格式不正確"),
    ("bad_csv", "無法讀取 CSV 檔案，請另存為 UTF-8 編碼的 CSV 後再試"),
    ("bad_request", "要求的格式不正確"),
    ("counselor_required", "只有諮詢師可以建立諮詢室"),
    ("database_busy", "系統忙碌中，請稍後再試"),
    ("database_unavailable", "系統暫時無法使用，請稍後再試"),
    ("email_taken", "此電子郵件已經註冊過"),
    ("empty_batch", "請提供要建立的使用者"),
    ("game_rule_not_found", "找不到這個遊戲規則"),
    ("gameplay_state_not_found", "這個遊戲還沒有儲存的進度"),
    ("headers_too_large", "要求的標頭過大"),
    ("idempotency_key_reused", "這個 Idempotency-Key 已經用於另一項要求"),
    ("insufficient_permissions", "您沒有執行此操作的權限"),
    ("internal_error", "系統發生錯誤，請稍後再試"),
    ("invalid_api_key", "連線金鑰不正確"),
    ("invalid_broadcast", "廣播訊息的格式不正確"),
    ("invalid_refresh_token", "登入已失效，請重新登入"),
    ("invalid_reset_token", "重設密碼的連結無效或已過期"),
    ("invalid_token", "登入已失效，請重新登入"),
    ("invalid_user_id", "使用者識別碼的格式不正確"),
    ("large_batch", "一次處理的使用者過多，請分批進行"),
    ("logins_busy", "目前登入的人數過多，請稍後再試"),
    ("method_not_allowed", "此網址不支援這項操作"),
    ("no_client_address", "無法辨識您的網路位址"),
    ("no_demo_accounts", "此環境不提供示範帳號"),
    ("not_allowed", "您沒有執行此操作的權限"),
    ("not_csv", "僅支援 CSV 檔案"),
    ("not_found", "找不到您要的內容"),
    ("not_in_room", "您不在這個諮詢室裡"),
    ("not_room_owner", "您沒有存取這個諮詢室的權限"),
    ("origin_not_allowed", "此網頁不能開啟即時連線"),
    ("outcome_unknown", "無法確定是否已經儲存，請重新整理確認後再試"),
    ("own_administration", "您不能移除自己的管理員角色或停用自己的帳號"),
    ("password_change_required", "請先變更密碼"),
    ("password_too_common", "這個密碼太常見，請換一個"),
    ("password_too_long", "密碼過長，最多 71 個位元組"),
    ("password_too_short", "密碼至少需要 8 個字元"),
    ("patch_path_not_found", "要變更的位置已經不存在"),
    ("patch_result_invalid", "變更後的內容不符合規定"),
    ("patch_test_failed", "內容已被變更，請重新載入後再試"),
    ("patch_too_expensive", "這項變更過大，請分次進行"),
    ("payload_too_large", "送出的內容過大"),
    ("protected_table", "此資料表受到保護，不能清空"),
    ("rate_limited_general", "操作過於頻繁，請稍後再試"),
    ("rate_limited_join", "加入諮詢室的次數過多，請稍後再試"),
    ("rate_limited_login", "登入次數過多，請稍後再試"),
    ("rate_limited_login_failures", "登入失敗次數過多，請稍後再試"),
    ("rate_limited_registration", "註冊次數過多，請稍後再試"),
    ("rate_limited_reset", "重設密碼的次數過多，請稍後再試"),
    ("rate_limited_websocket", "連線次數過多，請稍後再試"),
    ("rate_limited_wrong_codes", "輸入錯誤的分享碼次數過多，請稍後再試"),
    ("registration_closed", "此環境不開放註冊"),
    ("request_in_flight", "同一項要求正在處理中"),
    ("request_timeout", "資料傳送逾時，請再試一次"),
    ("restarting", "系統正在重新啟動，請稍後再試"),
    ("role_not_for_choice", "註冊時不能選擇這個角色"),
    ("room_already_active", "諮詢室已經開啟"),
    ("room_closed", "找不到諮詢室，或諮詢室已經結束"),
    ("room_full", "諮詢室的人數已滿"),
    ("room_not_found", "找不到諮詢室"),
    ("server_busy", "系統忙碌中，請稍後再試"),
    ("session_not_found", "找不到這個登入階段"),
    ("session_over", "登入已失效，請重新登入"),
    ("shutting_down", "系統正在重新啟動，請稍後再試"),
    ("starting", "系統正在啟動，請稍後再試"),
    ("stopping", "系統正在重新啟動，請稍後再試"),
    ("table_not_found", "找不到這個資料表"),
    ("too_many_connections", "連線數過多，請稍後再試"),
    ("too_many_games", "這個諮詢室的遊戲數量已達上限"),
    ("too_many_messages", "訊息過於頻繁，請稍後再試"),
    ("too_many_rooms", "諮詢室數量已達上限"),
    ("too_many_sockets", "同時開啟的連線過多"),
    ("unknown_game_rule", "找不到這個遊戲規則"),
    ("unknown_version", "不支援這個連線版本"),
    ("unsupported_media_type", "不支援這種資料格式"),
    ("upgrade_with_body", "要求的格式不正確"),
    ("url_too_long", "網址過長"),
    ("user_inactive", "此帳號已停用"),
    ("user_not_found", "找不到這個使用者"),
    ("validation_error", "輸入的資料不正確"),
    ("version_mismatch", "內容已被其他人變更，請重新載入後再試"),
    ("version_not_found", "這個版本已不再保存"),
    ("visitor_left", "訪客已經離開"),
    ("visitor_not_found", "找不到這位訪客"),
    ("visitor_not_in_room", "您不在這個諮詢室裡"),
    ("websocket_expected", "這個網址只接受即時連線"),
    ("write_queue_full", "系統忙碌中，請稍後再試"),
    ("wrong_credentials", "電子郵件或密碼不正確"),
    ("wrong_password", "目前的密碼不正確"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_have_one_text_each() {
        assert!(CHINESE.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(chinese("room_full"), Some("諮詢室的人數已滿"));
        assert_eq!(chinese("nothing"), None);
    }
}
