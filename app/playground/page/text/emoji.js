// The shortcodes that apps use most, and what they stand for.

const TABLE = `+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 ok_hand 👌 wave 👋 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪 point_right 👉
point_left 👈 point_up ☝️ point_down 👇 raised_hand ✋ hand ✋ v ✌️ eyes 👀 brain 🧠 handshake 🤝 writing_hand ✍️ fist ✊ facepunch 👊
smile 😄 smiley 😃 grinning 😀 grin 😁 joy 😂 rofl 🤣 slightly_smiling_face 🙂 upside_down_face 🙃 wink 😉 blush 😊 innocent 😇
heart_eyes 😍 sunglasses 😎 thinking_face 🤔 neutral_face 😐 expressionless 😑 unamused 😒 face_with_rolling_eyes 🙄 relieved 😌
pensive 😔 sleeping 😴 cry 😢 sob 😭 scream 😱 fearful 😨 cold_sweat 😰 sweat_smile 😅 angry 😠 rage 😡 confused 😕 worried 😟
astonished 😲 flushed 😳 disappointed 😞 partying_face 🥳 nerd_face 🤓 saluting_face 🫡 shrug 🤷 facepalm 🤦 robot_face 🤖 ghost 👻
skull 💀 heart ❤️ broken_heart 💔 yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜 100 💯 fire 🔥 sparkles ✨ star ⭐
star2 🌟 zap ⚡ boom 💥 tada 🎉 confetti_ball 🎊 gift 🎁 trophy 🏆 medal 🏅 rocket 🚀 airplane ✈️ car 🚗 ship 🚢 anchor ⚓
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ heavy_multiplication_x ✖️
no_entry ⛔ no_entry_sign 🚫 stop_sign 🛑 octagonal_sign 🛑 warning ⚠️ rotating_light 🚨 exclamation ❗ heavy_exclamation_mark ❗
question ❓ grey_question ❔ bangbang ‼️ interrobang ⁉️ information_source ℹ️ sos 🆘 bell 🔔 no_bell 🔕 loudspeaker 📢 mega 📣
speech_balloon 💬 thought_balloon 💭 email 📧 envelope ✉️ incoming_envelope 📨 inbox_tray 📥 outbox_tray 📤 package 📦 mailbox 📫
lock 🔒 unlock 🔓 closed_lock_with_key 🔐 lock_with_ink_pen 🔏 key 🔑 old_key 🗝️ shield 🛡️ identification_card 🪪 passport_control 🛂
guardsman 💂 police_car 🚓 cop 👮 detective 🕵️ sleuth_or_spy 🕵️ busts_in_silhouette 👥 bust_in_silhouette 👤 technologist 🧑‍💻
hourglass ⌛ hourglass_flowing_sand ⏳ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ watch ⌚ clock1 🕐 clock3 🕒 clock9 🕘 calendar 📆
date 📅 spiral_calendar_pad 🗓️ calendar_spiral 🗓️ sunrise 🌅 sunny ☀️ cloud ☁️ rain_cloud 🌧️ snowflake ❄️ rainbow 🌈 moon 🌔
computer 💻 desktop_computer 🖥️ keyboard ⌨️ iphone 📱 phone ☎️ floppy_disk 💾 cd 💿 electric_plug 🔌 battery 🔋 bulb 💡 flashlight 🔦
gear ⚙️ wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ nut_and_bolt 🔩 link 🔗 chains ⛓️ paperclip 📎 pushpin 📌 round_pushpin 📍 scissors ✂️
file_folder 📁 open_file_folder 📂 card_index_dividers 🗂️ card_file_box 🗃️ file_cabinet 🗄️ wastebasket 🗑️ page_facing_up 📄
page_with_curl 📃 bookmark_tabs 📑 memo 📝 pencil 📝 pencil2 ✏️ clipboard 📋 notebook 📓 books 📚 book 📖 label 🏷️ bookmark 🔖
scroll 📜 newspaper 📰 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 mag 🔍 mag_right 🔎 microscope 🔬
test_tube 🧪 telescope 🔭 satellite_antenna 📡 bug 🐛 beetle 🐞 ant 🐜 snake 🐍 whale 🐳 penguin 🐧 octopus 🐙 crab 🦀 cat 🐱 dog 🐶
construction 🚧 vertical_traffic_light 🚦 traffic_light 🚥 checkered_flag 🏁 triangular_flag_on_post 🚩 white_flag 🏳️ world_map 🗺️
earth_africa 🌍 earth_americas 🌎 earth_asia 🌏 globe_with_meridians 🌐 office 🏢 factory 🏭 house 🏠 bank 🏦 hospital 🏥 tent ⛺
red_circle 🔴 large_red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵 blue_circle 🔵
large_purple_circle 🟣 white_circle ⚪ black_circle ⚫ large_green_square 🟩 large_red_square 🟥 large_yellow_square 🟨 large_blue_square 🟦
white_large_square ⬜ black_large_square ⬛ small_red_triangle 🔺 small_blue_diamond 🔹 small_orange_diamond 🔸 large_blue_diamond 🔷
arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️ arrow_down ⬇️ arrow_upper_right ↗️ arrow_lower_right ↘️ arrow_forward ▶️ arrow_backward ◀️
fast_forward ⏩ rewind ⏪ leftwards_arrow_with_hook ↩️ arrow_right_hook ↪️ arrows_counterclockwise 🔄 repeat 🔁 double_vertical_bar ⏸️
black_square_for_stop ⏹️ heavy_plus_sign ➕ heavy_minus_sign ➖ heavy_division_sign ➗ recycle ♻️ new 🆕 free 🆓 up 🆙 cool 🆒 ok 🆗
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟 zero 0️⃣ hash #️⃣ a 🅰️ b 🅱️
coffee ☕ tea 🍵 beer 🍺 beers 🍻 pizza 🍕 cake 🍰 birthday 🎂 apple 🍎 banana 🍌 money_with_wings 💸 moneybag 💰 credit_card 💳
art 🎨 musical_note 🎵 game_die 🎲 dart 🎯 crystal_ball 🔮 balloon 🎈 umbrella ☔ snowman ⛄ evergreen_tree 🌲 cactus 🌵 seedling 🌱
ambulance 🚑 fire_engine 🚒 fire_extinguisher 🧯 pill 💊 syringe 💉 adhesive_bandage 🩹 door 🚪 ladder 🪜 broom 🧹 compass 🧭 scales ⚖️`;

const WORDS = TABLE.split(/\s+/);
export const EMOJI = new Map(WORDS.flatMap((word, at) => (at % 2 ? [] : [[word, WORDS[at + 1]]])));

/** A shortcode (without colons, maybe with a skin tone) as a character, or undefined. */
export const emoji = (name) => EMOJI.get(name.replace(/::skin-tone-\d$/, ""));

/** Replace `:shortcodes:` that are known. */
export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name) ?? whole);
